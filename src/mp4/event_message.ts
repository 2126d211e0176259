/**
 * Event messages, which stand before a fragment and tell of something at a moment of its timeline
 * (emsg, ISO/IEC 23009-1 5.10.3.3).
 *
 * @module
 */
import { encodeBoxes, fullBox, text, u32, u64, u8 } from "./boxes.ts";

/** What is told, and when. */
export interface EventMessage {
  /** Ticks a second. */
  readonly timescale: number;
  /** On the timeline of the track, in ticks. */
  readonly presentationTime: number;
  /** Players show a message once for each number. */
  readonly id: number;
  readonly data: Uint8Array;
}

/** ID3v2 tags as messages (AOM, Carriage of ID3 Timed Metadata in CMAF). */
const ID3_SCHEME = "https://aomedia.org/emsg/ID3";
/** It counts until another one does. */
const UNKNOWN_DURATION = 0xffffffff;

/** The bytes of a message whose data are an ID3v2 tag. */
export function id3Message(message: EventMessage): Uint8Array<ArrayBuffer> {
  const { timescale, presentationTime, id, data } = message;
  return encodeBoxes(fullBox(
    ...["emsg", 1, 0, u32(timescale), u64(presentationTime), u32(UNKNOWN_DURATION, id)] as const,
    ...[text(ID3_SCHEME), u8(0), u8(0), data], // both texts end in zero; the value is empty
  ));
}
