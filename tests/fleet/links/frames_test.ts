/** Messages in an endless answer between boxes. */
import assert from "node:assert/strict";
import { frameOf, MalformedFrame, MessageReader } from "../../../src/fleet/links/frames.ts";

const MESSAGES = [
  { kind: "alive" },
  { kind: "news", segments: [{ file: "a", bytes: bytes(5) }, { file: "ü", bytes: bytes(300) }] },
  { text: bytes(0), etag: undefined, edge: { openParts: 3 } },
  { nested: [[{ bytes: bytes(1) }], "text", null, 7] },
];

Deno.test("messages come out whole, wherever they are cut", () => {
  const stream = joined(MESSAGES.flatMap((message) => frameOf(message)));
  const expected = MESSAGES.map((message) => JSON.stringify(message, asNumbers));
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = new MessageReader();
    const read = [...reader.read(stream.subarray(0, cut)), ...reader.read(stream.subarray(cut))];
    assert.deepEqual(read.map((message) => JSON.stringify(message, asNumbers)), expected);
  }
  const reader = new MessageReader();
  const bytewise = [...stream].flatMap((byte) => reader.read(Uint8Array.of(byte)));
  assert.equal(bytewise.length, MESSAGES.length);
});

Deno.test("bytes of a message are not copied to be sent, and are the receiver's own", () => {
  const body = bytes(100);
  const [, sent] = frameOf({ body });
  assert.equal(sent?.buffer, body.buffer);
  const frame = joined(frameOf({ body }));
  const [message] = new MessageReader().read(frame);
  assert.ok(typeof message === "object" && message !== null && "body" in message);
  assert.ok(message.body instanceof Uint8Array);
  assert.notEqual(message.body.buffer, frame.buffer);
});

Deno.test("what is no frame, or a longer one than is taken, is refused before it is there", () => {
  const tooLong = new Uint8Array(8);
  new DataView(tooLong.buffer).setUint32(0, 2 ** 27);
  assert.throws(() => new MessageReader().read(tooLong), MalformedFrame);
  const noJson = joined([Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 2), Uint8Array.of(1, 2)]);
  assert.throws(() => new MessageReader().read(noJson), MalformedFrame);
});

function bytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

function asNumbers(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? [...value] : value;
}
