/** Messages with ID3 tags in fragmented MP4, as players read them. */
import assert from "node:assert/strict";
import { id3Texts } from "../hls_validator/id3_tag.ts";

/** What a message says, and when. */
export interface SeenMessage {
  /** On the timeline of the media. */
  readonly seconds: number;
  readonly id: number;
  /** The texts of its frames: title and artist. */
  readonly texts: readonly string[];
}

/** The messages between the fragments of a segment. */
export function readMessages(bytes: Uint8Array): SeenMessage[] {
  const messages: SeenMessage[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const size = view.getUint32(at);
    const type = ascii(bytes.subarray(at + 4, at + 8));
    if (type === "emsg") messages.push(readMessage(bytes.subarray(at, at + size)));
    at += size;
  }
  return messages;
}

function readMessage(box: Uint8Array): SeenMessage {
  const view = new DataView(box.buffer, box.byteOffset, box.byteLength);
  assert.equal(view.getUint32(8), 0x01000000, "version 1, no flags");
  assert.equal(view.getUint32(24), 0xffffffff, "a duration that is not known");
  const schemeEnd = box.indexOf(0, 32);
  assert.equal(ascii(box.subarray(32, schemeEnd)), "https://aomedia.org/emsg/ID3");
  assert.equal(box[schemeEnd + 1], 0, "an empty value");
  const seconds = Number(view.getBigUint64(16)) / view.getUint32(12);
  return { seconds, id: view.getUint32(28), texts: id3Texts(box.subarray(schemeEnd + 2)) };
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
