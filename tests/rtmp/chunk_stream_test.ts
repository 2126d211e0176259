/** RTMP chunks (RTMP 1.0 5.3): any size, any split, any order, and every limit. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { ChunkWriter, type OutgoingMessage } from "../../src/rtmp/chunk_writer.ts";
import { payloadOf } from "../../src/rtmp/message.ts";
import { MessageType } from "../../src/rtmp/message_type.ts";
import { RtmpError } from "../../src/rtmp/rtmp_error.ts";
import { EncoderChunkWriter } from "../../testing/rtmp/encoder_chunk_writer.ts";

interface Received {
  readonly type: number;
  readonly payload: number[];
  readonly timestamp: number;
  readonly streamId: number;
  /** Where it is not the payload's. */
  readonly length?: number;
}

function receiver(): { reader: ChunkReader; received: Received[] } {
  const received: Received[] = [];
  const reader = new ChunkReader((message) => {
    const { type, timestamp, streamId, length } = message;
    const payload = payloadOf(message);
    const cut = length === payload.length ? {} : { length };
    received.push({ type, payload: [...payload], timestamp, streamId, ...cut });
  });
  return { reader, received };
}

function receive(...parts: (Uint8Array | number[])[]): Received[] {
  const { reader, received } = receiver();
  for (const part of parts) reader.feed(Uint8Array.from(part));
  return received;
}

const uint24 = (value: number) => [value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff];
const uint32 = (value: number) => [value >>> 24, ...uint24(value)];

interface Header {
  readonly timestamp?: number;
  readonly length?: number;
  readonly type?: number;
  readonly id?: number;
}

/** The header of a type 0 chunk on a chunk stream below 64. */
function type0(header: Header = {}): number[] {
  const { timestamp = 0, length = 1, type = MessageType.Audio, id = 4 } = header;
  return [id, ...uint24(timestamp), ...uint24(length), type, 1, 0, 0, 0];
}

const setChunkSize = (size: number) => [
  ...type0({ id: 2, type: MessageType.SetChunkSize, length: 4 }),
  ...uint32(size),
];
const bytes = (length: number, from = 0) => Array.from({ length }, (_, i) => (from + i) & 0xff);
const times = (received: Received[]) => received.map(({ timestamp }) => timestamp);

const message: fc.Arbitrary<OutgoingMessage> = fc.record({
  chunkStreamId: fc.constantFrom(3, 4, 63, 64, 319, 320, 65_599),
  type: fc.constantFrom(MessageType.Audio, MessageType.Data, MessageType.Command),
  streamId: fc.constantFrom(0, 1, 0x0102_0304),
  timestamp: fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.constantFrom(0xff_fffe, 0xff_ffff, 0x100_0000, 0xffff_ffff),
  ),
  payload: fc.uint8Array({ maxLength: 700 }),
});

const chunkSize = fc.oneof(
  fc.constantFrom(1, 2, 127, 128, 129, 4096, 65_535, 65_536),
  fc.integer({ min: 1, max: 65_536 }),
);

Deno.test("messages come out as they went in, for any chunk size, headers and split", () => {
  const property = fc.property(
    fc.array(message, { minLength: 1, maxLength: 12 }),
    chunkSize,
    fc.boolean(),
    fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
    (messages, size, isEncoder, pieces) => {
      const writer = isEncoder ? new EncoderChunkWriter() : new ChunkWriter();
      writer.chunkSize = size;
      const stream = Uint8Array.from([
        ...setChunkSize(size),
        ...messages.flatMap((message) => [...writer.write(message)]),
      ]);
      const { reader, received } = receiver();
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = at + (pieces[i % pieces.length] ?? 1);
        reader.feed(stream.slice(at, end));
        at = end;
      }
      const sent = messages.map(({ type, payload, timestamp, streamId }) => ({
        type,
        payload: [...payload],
        timestamp,
        streamId,
      }));
      assert.deepEqual(received, sent);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

Deno.test("a stream split at any one byte gives the same messages", () => {
  const writer = new EncoderChunkWriter();
  const stream = Uint8Array.from([0, 23, 46, 0x100_0000, 0x100_0017, 0x3_0000_0000].flatMap((
    timestamp,
    i,
  ) => [...writer.write({
    chunkStreamId: 320,
    type: MessageType.Audio,
    streamId: 1,
    timestamp,
    payload: Uint8Array.from(bytes(300 - i)),
  })]));
  const whole = receive(stream);
  assert.equal(whole.length, 6);
  for (let split = 1; split < stream.length; split++) {
    assert.deepEqual(receive(stream.slice(0, split), stream.slice(split)), whole);
  }
});

Deno.test("interleaved chunk streams are put together each for itself", () => {
  const audio = bytes(200);
  const data = bytes(200, 100);
  const received = receive(
    [...type0({ id: 4, length: 200 }), ...audio.slice(0, 128)],
    [...type0({ id: 5, length: 200, type: MessageType.Data }), ...data.slice(0, 128)],
    [0xc4, ...audio.slice(128)],
    [0xc5, ...data.slice(128)],
  );
  assert.deepEqual(received.map(({ payload }) => payload), [audio, data]);
});

Deno.test("type 1, 2 and 3 chunks that begin a message add their delta", () => {
  const received = receive(
    [...type0({ timestamp: 1000 }), 9],
    [0x44, ...uint24(20), ...uint24(2), MessageType.Audio, 8, 7],
    [0x84, ...uint24(30), 6, 5],
    [0xc4, 4, 3],
  );
  assert.deepEqual(times(received), [1000, 1020, 1050, 1080]);
});

Deno.test("a type 3 chunk behind a type 0 chunk takes its timestamp as the delta", () => {
  assert.deepEqual(times(receive([...type0({ timestamp: 21 }), 9, 0xc4, 9])), [21, 42]);
});

Deno.test("timestamps wrap at 32 bits", () => {
  const received = receive(
    [...type0({ timestamp: 0xff_ffff }).slice(0, 12), ...uint32(0xffff_fff0), 9],
    [0x84, ...uint24(0x20), 9],
  );
  assert.deepEqual(times(received), [0xffff_fff0, 0x10]);
});

for (const repeated of [true, false]) {
  const behaviour = repeated ? "repeated in" : "left out of";
  Deno.test(`an extended timestamp is taken where it is ${behaviour} type 3 chunks`, () => {
    const extended = uint32(0x0123_4567);
    const again = repeated ? extended : [];
    const payload = bytes(300);
    const stream = [
      ...[...type0({ timestamp: 0xff_ffff, length: 300 }), ...extended, ...payload.slice(0, 128)],
      ...[0xc4, ...again, ...payload.slice(128, 256)],
      ...[0xc4, ...again, ...payload.slice(256)],
      ...[...type0({ timestamp: 5 }), 1],
    ];
    const whole = receive(stream);
    assert.deepEqual(times(whole), [0x0123_4567, 5]);
    assert.deepEqual(whole[0]?.payload, payload);
    for (let split = 1; split < stream.length; split++) {
      assert.deepEqual(receive(stream.slice(0, split), stream.slice(split)), whole);
    }
  });
}

Deno.test("a left out extended timestamp is told from payload shorter than it", () => {
  const payload = bytes(129);
  const stream = [
    ...[...type0({ timestamp: 0xff_ffff, length: 129 }), ...uint32(0x0123_4567)],
    ...[...payload.slice(0, 128), 0xc4, ...payload.slice(128)],
    ...[...type0({ timestamp: 5 }), 1],
  ];
  for (let split = 1; split < stream.length; split++) {
    const received = receive(stream.slice(0, split), stream.slice(split));
    assert.deepEqual(received.map((message) => message.payload), [payload, [1]]);
  }
});

Deno.test("an abort drops the unfinished message of the chunk stream it names", () => {
  const abort = [...type0({ id: 2, type: MessageType.Abort, length: 4 }), ...uint32(4)];
  const received = receive(
    [...type0({ length: 200 }), ...bytes(128)],
    abort,
    [...type0({ length: 2 }), 7, 7],
  );
  assert.deepEqual(received.map(({ payload }) => payload), [[7, 7]]);
});

Deno.test("a new header within an unfinished message begins anew", () => {
  const received = receive(
    [...type0({ length: 200 }), ...bytes(128)],
    [...type0({ length: 2 }), 7, 7],
  );
  assert.deepEqual(received.map(({ payload }) => payload), [[7, 7]]);
});

Deno.test("a chunk size that is set within another stream's message counts from the next chunk", () => {
  const payload = bytes(400);
  const received = receive(
    [...type0({ length: 400 }), ...payload.slice(0, 128)],
    setChunkSize(65_536),
    [0xc4, ...payload.slice(128)],
  );
  assert.deepEqual(received[0]?.payload, payload);
});

Deno.test("empty messages are messages", () => {
  const received = receive([...type0({ length: 0 }), ...type0({ length: 1 }), 7]);
  assert.deepEqual(received.map(({ payload }) => payload), [[], [7]]);
});

Deno.test("video of the longest length is told without being held", () => {
  const length = 0xff_ffff;
  const { reader, received } = receiver();
  reader.feed(Uint8Array.from(setChunkSize(0x7fff_ffff)));
  reader.feed(Uint8Array.from(type0({ id: 6, type: MessageType.Video, length })));
  const piece = new Uint8Array(65_536);
  for (let left = length; left > 0; left -= piece.length) {
    reader.feed(piece.subarray(0, Math.min(left, piece.length)));
  }
  reader.feed(Uint8Array.from([...type0(), 7]));
  assert.deepEqual(received.map(({ payload }) => payload), [[], [7]]);
});

Deno.test("a 3 MB key frame in small chunks leaves the audio between them whole", () => {
  const { reader, received } = receiver();
  const key = type0({ id: 6, type: MessageType.Video, length: 3_000_000 });
  reader.feed(Uint8Array.from([...key, ...bytes(128)]));
  const pair = Uint8Array.from([...type0(), 7, 0xc6, ...bytes(128)]);
  for (let i = 0; i < 20_000; i++) reader.feed(pair);
  assert.equal(received.length, 20_000);
});

const rejected = (message: RegExp) => ({ name: "RtmpError", message });

for (const length of [65_537, 300_000]) {
  Deno.test(`of a message of ${length} bytes the first 64 kB come, whatever the chunks`, () => {
    const payload = bytes(length);
    for (const chunk of [128, 4096, 65_536, 500_000]) {
      const parts = [setChunkSize(chunk), type0({ type: MessageType.Data, length })];
      for (let at = 0; at < length; at += chunk) {
        parts.push([...(at === 0 ? [] : [0xc4]), ...payload.slice(at, at + chunk)]);
      }
      parts.push([...type0(), 7]);
      const [data, audio, ...others] = receive(...parts);
      assert.equal(data?.length, length);
      assert.deepEqual(data?.payload, payload.slice(0, 65_536));
      assert.deepEqual(audio?.payload, [7]);
      assert.deepEqual(others, []);
    }
  });
}

Deno.test("data, commands and control messages of the longest length leave the audio whole", () => {
  const { Data, DataAmf3, Command, CommandAmf3, UserControl, Acknowledgement, Aggregate } =
    MessageType;
  const known = [Data, DataAmf3, Command, CommandAmf3, UserControl, Acknowledgement, Aggregate];
  for (const type of [...known, 99]) {
    const { reader, received } = receiver();
    reader.feed(Uint8Array.from(setChunkSize(4096)));
    reader.feed(Uint8Array.from([...type0({ id: 6, type, length: 0xff_ffff }), ...bytes(4096)]));
    const pair = Uint8Array.from([...type0(), 7, 0xc6, ...bytes(4096)]);
    let sent = 4096;
    for (; sent + 4096 <= 0xff_ffff; sent += 4096) reader.feed(pair);
    reader.feed(Uint8Array.from([0xc6, ...bytes(0xff_ffff - sent), ...type0(), 8]));
    const [last, long] = [received.pop(), received.pop()];
    assert.deepEqual(last?.payload, [8]);
    assert.equal(long?.length, 0xff_ffff);
    assert.equal(long?.payload.length, type === 99 ? 0 : 65_536);
    assert.ok(received.every(({ payload }) => payload.length === 1 && payload[0] === 7));
  }
});

Deno.test("a message of 64 kB is whole", () => {
  const whole = receive(setChunkSize(65_536), [...type0({ length: 65_536 }), ...bytes(65_536)]);
  assert.deepEqual(whole.map(({ payload, length }) => [payload.length, length]), [
    [65_536, undefined],
  ]);
});

Deno.test("a chunk of an unknown chunk stream is refused, but for librtmp's first ping response", () => {
  for (const first of [0x44, 0x84, 0xc4, 0xc2, 0x82]) {
    const expected = rejected(/which is unknown/);
    assert.throws(() => receive([first, ...bytes(20)]), expected);
  }
  const pong = [0x42, 0, 0, 0, 0, 0, 6, MessageType.UserControl, 0, 7, 0, 0, 0, 0];
  assert.equal(receive(pong).length, 1);
});

Deno.test("the number of chunk streams is limited", () => {
  const streams = (count: number) =>
    Array.from({ length: count }, (_, i) => [...type0({ id: 3 + i }), 0]).flat();
  assert.equal(receive(streams(32)).length, 32);
  assert.throws(() => receive(streams(33)), rejected(/more than 32 chunk streams/));
});

Deno.test("a message that there is no room for beside others is passed over", () => {
  const payload = bytes(65_000);
  const start = payload.slice(0, 128);
  const rest = (id: number) => {
    const chunks: number[] = [];
    for (let at = 128; at < payload.length; at += 128) {
      chunks.push(0xc0 | id, ...payload.slice(at, at + 128));
    }
    return chunks;
  };
  const received = receive(
    [...type0({ id: 4, length: 65_000 }), ...start],
    [...type0({ id: 5, length: 65_000, type: MessageType.Data }), ...start],
    [...type0({ id: 6 }), 7],
    rest(5),
    rest(4),
  );
  const { Audio, Data } = MessageType;
  assert.deepEqual(
    received.map(({ type, payload, length }) => [type, payload.length, length]),
    [[Audio, 1, undefined], [Data, 0, 65_000], [Audio, 65_000, undefined]],
  );
});

Deno.test("what finished, aborted and restarted messages held is free again", () => {
  const { reader, received } = receiver();
  const feed = (bytes: number[]) => reader.feed(Uint8Array.from(bytes));
  const begin = (id: number) => feed([...type0({ id, length: 60_000 }), ...bytes(128)]);
  const abort = [...type0({ id: 2, type: MessageType.Abort, length: 4 }), ...uint32(4)];
  for (let i = 0; i < 5; i++) {
    begin(4);
    begin(4);
    feed(abort);
    begin(5);
    for (let sent = 128; sent < 60_000; sent += 128) {
      feed([0xc5, ...bytes(Math.min(128, 60_000 - sent))]);
    }
  }
  assert.equal(received.length, 5);
});

Deno.test("chunk sizes of zero and over 31 bits are refused", () => {
  for (const size of [0, 0x8000_0000]) {
    assert.throws(() => receive(setChunkSize(size)), rejected(/Cannot set chunk size/));
  }
});

Deno.test("any bytes give messages or an RtmpError", () => {
  const start = fc.constantFrom(type0(), type0({ id: 2, type: MessageType.Abort, length: 4 }));
  const property = fc.property(start, fc.uint8Array({ maxLength: 300 }), (start, rest) => {
    const { reader } = receiver();
    try {
      reader.feed(Uint8Array.from([...start, ...rest]));
    } catch (error) {
      assert.ok(error instanceof RtmpError, String(error));
    }
  });
  fc.assert(property, { numRuns: 3000 });
});
