/** Where MP3 of one source stands behind that of another, noise is not heard. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { StateNeed } from "../../src/session/continuity.ts";
import { EventBus } from "../../src/session/events.ts";
import type { FallbackAudio } from "../../src/session/fallback_audio.ts";
import type { FrameSink } from "../../src/session/frame_sink.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { mp3Config } from "../../testing/audio/mp3_streams.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { fallbackAudio } from "../../testing/session/fallback_audio.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

/** At this rate, frames last a whole number of milliseconds. */
const MP3 = mp3Config({ sampleRate: 32_000 });
const FRAME_MS = 36;

/** A frame that says that its bits begin so many bytes before it, and has a name. */
function frame(back: number, name: number): Uint8Array {
  return Uint8Array.of(0xff, 0xfb, 0x98, 0, back >> 1, (back & 1) << 7, name);
}

function setUp(config: AudioConfig = MP3, files: readonly FallbackAudio[] = []) {
  const clock = new FakeClock();
  const source = { of: () => files };
  const policy = { holdMs: 60_000, fallback: { source, forMs: 60_000 } };
  const manager = sessionManager({ clock, events: new EventBus(), policy });
  /** Names of the DJ's frames, or what was heard instead of them. */
  const heard: (number | string)[] = [];
  const sink: FrameSink = {
    start() {},
    write: ({ data, filler }) => void heard.push(filler === false ? data[6] ?? NaN : filler),
    discontinuity() {},
    end() {},
  };
  let stateNeed: StateNeed = () => {};
  manager.addOutput((_, it) => {
    stateNeed = it;
    return sink;
  });
  const publish = () => {
    const transport = { protocol: "rtmp", address: "192.0.2.1", close: () => {} } as const;
    const ingest = manager.publish({ name: "demo", key: undefined, transport });
    ingest.configure(config);
    /** Has the DJ send a frame, and waits for as long as it lasts. */
    const send = async (back: number, name: number) => {
      ingest.write(frame(back, name), clock.monotonic());
      await clock.advance(FRAME_MS);
    };
    return { send, lose: () => ingest.end("lost") };
  };
  /** Has an output need so many frames now. */
  const need = async (frames: number) => {
    stateNeed({ at: clock.awake(), frames: () => frames });
    await clock.advance(0);
  };
  const quality = () => manager.find("demo")?.quality;
  const stop = () => manager.stop("shutdown", SERVER_REASON);
  return { heard, publish, need, quality, stop };
}

Deno.test("a frame that points back into another connection's is silence, and those behind it are as sent", async () => {
  const { heard, publish, quality, stop } = setUp();
  const one = publish();
  await one.send(300, 1);
  await one.send(300, 2);
  one.lose();
  const two = publish();
  await two.send(300, 3);
  await two.send(300, 4);
  await two.send(300, 5);
  assert.deepEqual(heard, [1, 2, "gap", 4, 5], "where there is nothing before, nothing spoils it");
  const { total_count, drop_count, filler_count } = quality() ?? {};
  assert.deepEqual([total_count, drop_count, filler_count], [5, 1, 1]);
  stop();
});

Deno.test("a connection's first frame is heard where it needs no others", async () => {
  const { heard, publish, stop } = setUp();
  const one = publish();
  await one.send(0, 1);
  one.lose();
  const two = publish();
  await two.send(0, 2);
  await two.send(1, 3);
  assert.deepEqual(heard, [1, 2, 3]);
  stop();
});

Deno.test("a frame that points back into silence is heard", async () => {
  const { heard, publish, need, stop } = setUp();
  const one = publish();
  await one.send(300, 1);
  one.lose();
  await need(2);
  await publish().send(300, 2);
  assert.deepEqual(heard, [1, "wait", "wait", 2]);
  stop();
});

Deno.test("a DJ who is heard again instead of his fallback begins without noise", async () => {
  const { heard, publish, need, stop } = setUp(MP3, [fallbackAudio(10, MP3, "demo.mp3")]);
  const one = publish();
  await one.send(300, 1);
  one.lose();
  await need(5);
  const two = publish();
  for (let i = 0; i < 120; i++) await two.send(300, i % 100 + 10);
  const back = heard.lastIndexOf("fallback") + 1;
  assert.ok(back > 5);
  assert.equal(heard[back], "gap");
  const rest = heard.slice(back + 1);
  assert.ok(rest.length > 1 && rest.every((it) => typeof it === "number"), `${rest}`);
  stop();
});

Deno.test("AAC of another connection is heard from its first frame on", async () => {
  const { heard, publish, stop } = setUp(audioConfig({ sampleRate: 32_000 }));
  const one = publish();
  await one.send(300, 1);
  one.lose();
  await publish().send(300, 2);
  assert.deepEqual(heard, [1, 2]);
  stop();
});
