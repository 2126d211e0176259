/** What a source sends is found by its bytes. */
import assert from "node:assert/strict";
import { SourceStream } from "../../src/icecast/source_stream.ts";
import { adtsFrame, adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import { concat } from "../../testing/bytes.ts";
import { RecordedIngest } from "../../testing/session/recording_doorkeeper.ts";

const frames = Array.from({ length: 5 }, (_, i) => new Uint8Array(40 + i).fill(i + 1));
const audio = adtsStream(audioConfig(), frames);
const ascii = (text: string) => new TextEncoder().encode(text);

function take(...pieces: readonly Uint8Array[]) {
  const transport = { protocol: "icecast", address: "192.0.2.1", close: () => {} } as const;
  const ingest = new RecordedIngest({ name: "demo", key: undefined, transport }, 1);
  const stream = new SourceStream(ingest);
  for (const piece of pieces) stream.feed(piece, undefined);
  return { ingest, stream };
}

Deno.test("a source may begin within a frame, or with a tag that holds a picture", () => {
  const tag = concat([
    Uint8Array.of(0x49, 0x44, 0x33, 4, 0, 0, 0, 6, 0, 0),
    new Uint8Array(98_304),
  ]);
  for (const begin of [audio.subarray(-20), tag]) {
    const { ingest, stream } = take(begin, audio);
    stream.end("lost");
    assert.deepEqual(ingest.frames.map(({ data }) => data), frames);
    assert.deepEqual(ingest.rejections, []);
  }
});

Deno.test("one frame alone decides nothing", () => {
  const { ingest, stream } = take(adtsFrame(audioConfig(), new Uint8Array(50)));
  assert.deepEqual(ingest.configs, []);
  assert.match(stream.seen, /^bytes that begin with fff1/);
});

const others: Record<string, Uint8Array> = {
  "Ogg": ascii("OggS\0\x02"),
  "FLAC": ascii("fLaC\0\0"),
  "WAV": ascii("RIFF\0\0\0\0WAVE"),
  "MP4": ascii("\0\0\0\x20ftypisom"),
  "Matroska or WebM": Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 1),
};

for (const [name, bytes] of Object.entries(others)) {
  Deno.test(`${name} is named and rejected at its first bytes`, () => {
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assert.match(
      take(...single).ingest.rejections[0] ?? "",
      new RegExp(`^unsupported.*: ${name}: `),
    );
  });
}

Deno.test("garbage is rejected once enough of it has come", () => {
  const { ingest } = take(...Array.from({ length: 30 }, () => new Uint8Array(1000).fill(0x55)));
  assert.match(
    ingest.rejections[0] ?? "",
    /bytes that begin with 5555555555555555: MP3 .* is needed/,
  );
});

/** Frames of AAC SSR. */
const scalable = concat(frames.map((data) => {
  const frame = adtsFrame(audioConfig({ objectType: 2 }), data);
  frame[2] = (frame[2] ?? 0) ^ 0xc0;
  return frame;
}));

for (
  const [what, piece] of Object.entries({
    "garbage": new Uint8Array(1000).fill(0x55),
    "Ogg": ascii("OggS\0\x02"),
    "AAC of a profile that Echo does not take": scalable,
  })
) {
  Deno.test(`${what} is rejected once, however much of it comes while nobody has decided`, () => {
    const { ingest, stream } = take(...Array.from({ length: 100 }, () => piece));
    assert.equal(ingest.rejections.length, 1);
    assert.match(stream.seen, /^bytes|^Ogg|^AAC/);
  });
}
