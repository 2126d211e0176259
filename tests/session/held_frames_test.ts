/** Frames that are held while a publish waits for its answer, within bounds. */
import assert from "node:assert/strict";
import { HeldFrames } from "../../src/session/held_frames.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { RecordedIngest } from "../../testing/session/recording_doorkeeper.ts";

function ingest(): RecordedIngest {
  const transport = { protocol: "srt", address: "192.0.2.1", close() {} } as const;
  return new RecordedIngest({ name: "demo", key: undefined, transport }, 1);
}

Deno.test("held frames come out copied and in order, each of its configuration", () => {
  const held = new HeldFrames();
  const [first, second] = [audioConfig(), audioConfig()];
  const buffer = new Uint8Array(1);
  for (const [i, config] of [first, first, second].entries()) {
    buffer[0] = i;
    held.add(config, buffer, i * 21);
  }
  const to = ingest();
  held.giveTo(to);
  assert.deepEqual(to.frames.map(({ data, timeMs }) => [...data, timeMs]), [[0, 0], [1, 21], [
    2,
    42,
  ]]);
  assert.deepEqual(to.configs, [first, second]);
  held.giveTo(to);
  assert.equal(to.frames.length, 3, "once");
});

Deno.test("what is beyond the room for held frames is dropped and counted", () => {
  const held = new HeldFrames();
  for (let i = 0; i < 300; i++) held.add(audioConfig(), new Uint8Array(1000), i);
  const to = ingest();
  let dropped = 0;
  to.dropped = (count) => dropped += count;
  held.giveTo(to);
  assert.deepEqual([to.frames.length, dropped], [246, 54]);
});

Deno.test("frames of hardly a byte take room as well", () => {
  const held = new HeldFrames();
  for (let i = 0; i < 100_000; i++) held.add(audioConfig(), new Uint8Array(1), i);
  const to = ingest();
  held.giveTo(to);
  assert.ok(to.frames.length < 5000, `${to.frames.length} are held`);
});

Deno.test("tags come out in their place among the frames", () => {
  const held = new HeldFrames();
  const config = audioConfig();
  const order: unknown[] = [];
  const to = ingest();
  to.write = (_, timeMs) => order.push(timeMs);
  to.metadata = ({ title }) => order.push(title);
  held.add(config, new Uint8Array(1), 0);
  held.addTags({ title: "Song", artist: undefined }, 10);
  held.add(config, new Uint8Array(1), 21);
  held.giveTo(to);
  assert.deepEqual(order, [0, "Song", 21]);
});
