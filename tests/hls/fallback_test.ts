/** What listeners hear of a broadcast whose DJ is gone, where there is a fallback file. */
import assert from "node:assert/strict";
import { Broadcast } from "../../testing/hls/broadcast.ts";
import { FRAME_MS } from "../../testing/hls/on_air.ts";
import { fallbackAudio } from "../../testing/session/fallback_audio.ts";

const FILE_FRAMES = 100;
const FOR_MS = 120_000;
const HOLD_MS = 30_000;
const SECOND = 47;

function start(): Promise<Broadcast> {
  const source = { of: () => [fallbackAudio(FILE_FRAMES)] };
  return Broadcast.start({ fallback: { source, forMs: FOR_MS } });
}

/** What was heard, in runs: numbers of the DJ's frames, those of the file's, and of silent ones. */
function partsOf(
  { heardFrames }: Broadcast,
): { what: "dj" | "file" | "silence"; frames: number[] }[] {
  const parts: ReturnType<typeof partsOf> = [];
  for (const frame of heardFrames) {
    const what = frame < 0 ? "silence" : frame >= 100 << 24 ? "file" : "dj";
    const number = what === "file" ? (frame >>> 24) - 100 : frame;
    const part = parts.at(-1);
    if (part?.what === what) part.frames.push(number);
    else parts.push({ what, frames: [number] });
  }
  return parts;
}

function assertInRhythm({ cadences, heard }: Broadcast): void {
  assert.ok(Math.max(...cadences) <= 1.4, `${Math.max(...cadences)}`);
  assert.ok(Math.min(...cadences) >= 0.45, `${Math.min(...cadences)}`);
  assert.ok(heard.every(({ discontinuity }) => !discontinuity));
  for (const [i, { durationUs, wallMs = NaN }] of heard.entries()) {
    const nextMs = heard[i + 1]?.wallMs ?? wallMs + durationUs / 1000;
    assert.ok(Math.abs(nextMs - wallMs - durationUs / 1000) <= 1, `${nextMs} behind ${wallMs}`);
  }
}

Deno.test("a fallback comes in the rhythm of the show, and the DJ behind it, on one timeline", async () => {
  const broadcast = await start();
  const first = broadcast.connect();
  await broadcast.live(first, 0, 20 * SECOND + 13);
  first.end("lost");
  await broadcast.pass(60_000);
  const before = broadcast.heardFrames.length;
  const behindMs = broadcast.clock.monotonic() - before * FRAME_MS;
  assert.ok(behindMs > 0 && behindMs < 1500, `${behindMs} ms behind`);
  const second = broadcast.connect();
  for (let number = 0; number < 10 * SECOND; number++) {
    broadcast.send(second, 5000 + number, number * FRAME_MS);
    await broadcast.pass(FRAME_MS);
  }
  assertInRhythm(broadcast);
  const [live, file, back, ...others] = partsOf(broadcast);
  assert.deepEqual(live?.frames, Array.from({ length: 20 * SECOND + 13 }, (_, i) => i));
  assert.deepEqual([file?.what, back?.what, others], ["file", "dj", []]);
  assert.deepEqual(file?.frames, file?.frames.map((_, i) => i % FILE_FRAMES));
  const [from = 0] = back?.frames ?? [];
  const soundMs = (from - 5000) * FRAME_MS;
  assert.ok(soundMs > 2950 && soundMs < 3500, `heard after ${soundMs} ms`);
  await broadcast.stop();
});

Deno.test("where a DJ's audio comes late and all at once, the rhythm is kept also behind that", async () => {
  const broadcast = await start();
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, 20 * SECOND);
  await broadcast.pass(3500);
  // It waited in the network. The file is heard in the places of these frames, too.
  for (let i = 0; i < 2.8 * SECOND; i++) broadcast.send(ingest, 20 * SECOND + i);
  await broadcast.pass(10_000);
  assert.deepEqual(partsOf(broadcast).map(({ what }) => what), ["dj", "silence", "file"]);
  assert.ok(Math.max(...broadcast.cadences) <= 1.4, `${Math.max(...broadcast.cadences)}`);
  await broadcast.stop();
});

Deno.test("behind a fallback that was played as long as it may be, silence goes on for the hold", async () => {
  const broadcast = await start();
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, 20 * SECOND);
  ingest.end("lost");
  await broadcast.pass(FOR_MS + HOLD_MS);
  assertInRhythm(broadcast);
  const [, file, silence, ...others] = partsOf(broadcast);
  assert.deepEqual([file?.what, silence?.what, others], ["file", "silence", []]);
  const [fileMs, silentMs] = [file, silence].map((part) => (part?.frames.length ?? 0) * FRAME_MS);
  assert.ok(Math.abs((fileMs ?? 0) - FOR_MS) < 2500, `${fileMs} ms of the file`);
  assert.ok(Math.abs((silentMs ?? 0) - HOLD_MS) < 2500, `${silentMs} ms of silence`);
  await broadcast.pass(3000);
  assert.equal(broadcast.manager.find("demo"), undefined);
  await broadcast.stop();
});
