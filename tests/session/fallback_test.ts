/** When a fallback file is heard instead of the DJ, on the same timeline, and when no longer. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { codecOf } from "../../src/audio/codec_of.ts";
import type { StateNeed } from "../../src/session/continuity.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import type { FallbackAudio } from "../../src/session/fallback_audio.ts";
import type { FrameSink } from "../../src/session/frame_sink.ts";
import type { Ingest, Protocol } from "../../src/session/ingest.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { fallbackAudio } from "../../testing/session/fallback_audio.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

/** At this rate, frames last a whole number of milliseconds. */
const CONFIG = audioConfig({ sampleRate: 32_000 });
const FRAME_MS = 32;
const SILENCE = codecOf(CONFIG).silentFrame(CONFIG);
const HOLD_MS = 30_000;
const FOR_MS = 60_000;
/** The hysteresis: with so many frames of sound, the last of them is heard. Each eighth is judged. */
const FRAMES_BACK = 8 * Math.ceil(3000 / (8 * FRAME_MS));
/** The same behind silence, which counts for as long as it is in the last four that were judged. */
const FRAMES_BACK_FROM_SILENCE = FRAMES_BACK + 3 * 8;

/** What an output gets: `dj 7`, `file 2`, `silence`, with positions that must have no gap. */
class Heard implements FrameSink {
  all: string[] = [];
  readonly ends: string[] = [];
  starts = 0;
  #next = 0;

  start(): void {
    this.starts++;
    this.#next = 0;
  }
  write({ data, position, filler }: Parameters<FrameSink["write"]>[0]): void {
    assert.equal(position, this.#next, "the timeline has a gap");
    this.#next += 1024;
    const [value = 0] = data;
    this.all.push(
      filler === false ? `dj ${value}` : filler === "fallback" ? `file ${value - 100}` : "silence",
    );
  }
  discontinuity(): void {
    this.ends.push("discontinuity");
  }
  end(how: string): void {
    this.ends.push(how);
  }
}

function setUp(
  files: FallbackAudio[] = [fallbackAudio(10, CONFIG)],
  deadAir = { afterMs: 20_000, belowDb: -45 },
) {
  const clock = new FakeClock();
  const events = new EventBus();
  const seen: SessionEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const manager = sessionManager({
    clock,
    events,
    policy: {
      ...{ holdMs: HOLD_MS, deadAir },
      fallback: { source: { of: () => files }, forMs: FOR_MS },
    },
  });
  const heard = new Heard();
  let stateNeed: StateNeed = () => {};
  manager.addOutput((_, it) => {
    stateNeed = it;
    return heard;
  });
  const publish = (protocol: Protocol = "rtmp", config: AudioConfig = CONFIG): Ingest => {
    const transport = { protocol, address: "192.0.2.1", close: () => {} };
    const ingest = manager.publish({ name: "demo", key: undefined, transport });
    ingest.configure(config);
    return ingest;
  };
  let sent = 0;
  /** Has the DJ send so many frames in real time. */
  const send = async (ingest: Ingest, frames: number, silence?: Uint8Array) => {
    for (let i = 0; i < frames; i++) {
      ingest.write(silence ?? new Uint8Array([sent++ % 100, 1, 1]), clock.monotonic());
      await clock.advance(FRAME_MS);
    }
  };
  /** The same with nothing to be heard in them. */
  const sendSilence = (ingest: Ingest, frames: number) => send(ingest, frames, SILENCE);
  /** Has an output need so many frames now. */
  const need = async (frames: number) => {
    stateNeed({ at: clock.awake(), frames: () => frames });
    await clock.advance(0);
  };
  const happened = () =>
    seen.filter(({ kind }) => kind.startsWith("fallback")).map((event) => {
      if (event.kind === "fallback-start") return `start: ${event.why}`;
      return event.kind === "fallback-end" ? `end: ${event.why}, ${event.end}` : "";
    });
  const session = () => manager.find("demo");
  const stop = () => {
    manager.stop("shutdown", SERVER_REASON);
    assert.equal(clock.timerCount, 0);
  };
  return {
    clock,
    manager,
    heard,
    seen,
    files,
    publish,
    send,
    sendSilence,
    need,
    happened,
    session,
    stop,
  };
}

/** What was heard, told in runs: `dj`, `file`, `silence`, and how many frames of each. */
function runsOf(heard: readonly string[]): [string, number][] {
  const runs: [string, number][] = [];
  for (const one of heard) {
    const kind = one.split(" ")[0] ?? "";
    const last = runs.at(-1);
    if (last?.[0] === kind) last[1]++;
    else runs.push([kind, 1]);
  }
  return runs;
}

Deno.test("where the DJ is gone, what outputs need is of the file, from its beginning and looped", async () => {
  const { heard, publish, send, need, happened, session, stop } = setUp();
  const ingest = publish();
  await send(ingest, 3);
  ingest.end("lost");
  assert.deepEqual(happened(), [], "it begins with the first frame that is needed");
  assert.deepEqual([session()?.state, session()?.fallback.standsIn], ["paused", true]);
  await need(12);
  assert.deepEqual(happened(), ["start: gone"]);
  assert.equal(session()?.fallback.playing, "gone");
  const file = Array.from({ length: 12 }, (_, i) => `file ${i % 10}`);
  assert.deepEqual(heard.all, ["dj 0", "dj 1", "dj 2", ...file]);
  assert.deepEqual([session()?.quality.filler_count, session()?.fallbackFrames], [0, 12]);
  stop();
});

Deno.test("it goes on in real time, whatever outputs need, and where none needs anything", async () => {
  const { clock, heard, publish, send, stop } = setUp();
  const ingest = publish();
  await send(ingest, 100);
  ingest.end("lost");
  await clock.advance(1999);
  assert.equal(heard.all.length, 100, "a DJ who is back at once has silence at most");
  for (const seconds of [2, 3, 10, 30, 59]) {
    await clock.advance(seconds * 1000 + 100 * FRAME_MS - clock.monotonic());
    const late = seconds * 1000 - (heard.all.length - 100) * FRAME_MS;
    assert.ok(late >= 0 && late <= 100 + FRAME_MS, `${late} ms behind after ${seconds} s`);
  }
  assert.deepEqual(runsOf(heard.all).map(([kind]) => kind), ["dj", "file"]);
  stop();
});

Deno.test("frames that an output has got early are not put in again", async () => {
  const { clock, heard, publish, send, need, stop } = setUp();
  const ingest = publish();
  await send(ingest, 100);
  ingest.end("lost");
  await need(10);
  await need(50);
  await clock.advance(50 * FRAME_MS);
  assert.equal(heard.all.length, 160);
  await clock.advance(3200);
  assert.equal(heard.all.length, 260);
  stop();
});

Deno.test("a DJ who is back is heard after three seconds of sound, on a frame, in the same session", async () => {
  const { clock, heard, seen, publish, send, happened, session, stop } = setUp();
  const first = publish();
  await send(first, 100);
  first.end("lost");
  await clock.advance(10_000);
  const id = session()?.id;
  const second = publish();
  await send(second, FRAMES_BACK - 1);
  assert.deepEqual(happened(), ["start: gone"]);
  await send(second, 50);
  assert.deepEqual(happened(), ["start: gone", "end: gone, live"]);
  assert.equal(session()?.id, id);
  const firstLive = 100 + FRAMES_BACK - 1;
  assert.equal(heard.all.at(-50), `dj ${firstLive % 100}`);
  const [live, file, back] = runsOf(heard.all);
  assert.deepEqual([live, back], [["dj", 100], ["dj", 50]]);
  const durationMs = (file?.[1] ?? 0) * FRAME_MS;
  const goneMs = 10_000 + (FRAMES_BACK - 1) * FRAME_MS;
  assert.ok(Math.abs(durationMs - goneMs) <= FRAME_MS, `${durationMs} ms instead of ${goneMs}`);
  assert.deepEqual([heard.starts, heard.ends], [1, []], "nothing breaks");
  const { drop_count, filler_count } = session()?.quality ?? {};
  assert.deepEqual([drop_count, filler_count], [0, 0]);
  assert.equal(seen.filter(({ kind }) => kind === "resume").length, 1);
  stop();
});

Deno.test("a DJ who comes and goes is not heard for less than three seconds at a time", async () => {
  const { clock, heard, publish, send, happened, stop } = setUp();
  const first = publish();
  await send(first, 100);
  first.end("lost");
  for (let i = 0; i < 4; i++) {
    await clock.advance(5000);
    const back = publish();
    await send(back, FRAMES_BACK - 2);
    back.end("lost");
  }
  await clock.advance(1000);
  assert.deepEqual(runsOf(heard.all).map(([kind]) => kind), ["dj", "file"]);
  const goneMs = 4 * (5000 + (FRAMES_BACK - 2) * FRAME_MS) + 1000;
  const fileMs = (runsOf(heard.all)[1]?.[1] ?? 0) * FRAME_MS;
  assert.ok(Math.abs(goneMs - fileMs) <= 100 + FRAME_MS, `${fileMs} ms of ${goneMs}`);
  assert.deepEqual(happened(), ["start: gone"]);
  stop();
});

Deno.test("a DJ who is back before it begins is heard at once", async () => {
  const { clock, heard, publish, send, happened, stop } = setUp();
  const first = publish();
  await send(first, 100);
  first.end("lost");
  await clock.advance(1000);
  await send(publish(), 10);
  assert.deepEqual(runsOf(heard.all), [["dj", 100], ["silence", 31], ["dj", 10]]);
  await clock.advance(3000);
  assert.deepEqual(happened(), []);
  stop();
});

Deno.test("gaps in what a DJ sends are silence", async () => {
  const { clock, heard, publish, send, need, stop } = setUp();
  const ingest = publish();
  await send(ingest, 100);
  ingest.lost(5);
  await clock.advance(5 * FRAME_MS);
  await send(ingest, 10);
  await clock.advance(1000);
  await need(20);
  assert.deepEqual(runsOf(heard.all), [["dj", 100], ["silence", 5], ["dj", 10], ["silence", 20]]);
  stop();
});

Deno.test("a DJ who is connected and has sent nothing for two seconds gives way to the file", async () => {
  const { clock, heard, publish, send, need, happened, session, stop } = setUp();
  const ingest = publish();
  await send(ingest, 100);
  await clock.advance(1900);
  await need(5);
  assert.deepEqual(happened(), [], "what is late may still come");
  await clock.advance(200);
  assert.deepEqual(happened(), [], "it begins with the first frame that is needed");
  await need(10);
  assert.deepEqual(happened(), ["start: gone"]);
  assert.deepEqual([session()?.state, session()?.fallback.playing], ["publishing", "gone"]);
  await clock.advance(3200);
  assert.deepEqual(runsOf(heard.all), [["dj", 100], ["silence", 5], ["file", 110]]);
  ingest.end("lost");
  await clock.advance(3200);
  const [, , file] = runsOf(heard.all);
  assert.ok(Math.abs((file?.[1] ?? 0) - 210) <= 4, "it goes on where the connection ends");
  assert.deepEqual(happened(), ["start: gone"]);
  stop();
});

Deno.test("a DJ who sends again on the same connection is heard after three seconds of sound", async () => {
  const { clock, heard, publish, send, need, happened, stop } = setUp();
  const ingest = publish();
  await send(ingest, 200);
  await clock.advance(8000);
  await need(250);
  await clock.advance(5000);
  await send(ingest, FRAMES_BACK - 1);
  await clock.advance(2500);
  assert.deepEqual(happened(), ["start: gone"], "his pause breaks what he has sent so far");
  await send(ingest, FRAMES_BACK - 1);
  assert.deepEqual(happened(), ["start: gone"]);
  const before = heard.all.length;
  await send(ingest, 50);
  assert.deepEqual(happened(), ["start: gone", "end: gone, live"]);
  assert.equal(heard.all.length, before + 50, "each frame takes one place");
  assert.deepEqual(runsOf(heard.all).map(([kind]) => kind), ["dj", "file", "dj"]);
  assert.deepEqual([heard.starts, heard.ends], [1, []]);
  stop();
});

Deno.test("where a connected DJ sends nothing for longer than it may be played, silence follows", async () => {
  const { clock, heard, publish, send, need, happened, stop } = setUp();
  const ingest = publish();
  await send(ingest, 100);
  await clock.advance(3000);
  await need(90);
  await clock.advance(FOR_MS);
  assert.deepEqual(happened(), ["start: gone", "end: gone, limit"]);
  const before = heard.all.length;
  await need(7);
  assert.deepEqual(runsOf(heard.all.slice(before)), [["silence", 7]]);
  ingest.end("lost");
  await clock.advance(HOLD_MS);
  assert.equal(heard.ends[0], "discontinuity", "the hold follows");
  stop();
});

Deno.test("a file that is there only once the DJ is gone is not played before he is back", async () => {
  const { clock, heard, files, publish, send, need, happened, stop } = setUp([]);
  const ingest = publish();
  await send(ingest, 100);
  ingest.end("lost");
  files.push(fallbackAudio(10, CONFIG));
  await clock.advance(3000);
  await need(7);
  assert.deepEqual(runsOf(heard.all), [["dj", 100], ["silence", 7]]);
  await send(publish(), 100);
  await clock.advance(3000);
  await need(7);
  assert.deepEqual(happened(), ["start: gone"]);
  stop();
});

for (const [protocol, waitMs] of [["rtmp", HOLD_MS], ["srt", 1_800_000]] as const) {
  Deno.test(`by ${protocol}, the hold and the wait for the DJ count after it`, async () => {
    const { clock, heard, publish, send, happened, session, stop } = setUp();
    const ingest = publish(protocol);
    await send(ingest, 100);
    ingest.end("lost");
    await clock.advance(2000 + FOR_MS - 1);
    assert.equal(session()?.fallback.playing, "gone");
    await clock.advance(1);
    assert.deepEqual(happened(), ["start: gone", "end: gone, limit"]);
    assert.equal(session()?.fallback.playing, undefined);
    await clock.advance(HOLD_MS - 1);
    assert.deepEqual(heard.ends, []);
    await clock.advance(1);
    assert.equal(heard.ends[0], "discontinuity");
    await clock.advance(waitMs - HOLD_MS);
    assert.equal(session(), undefined);
    assert.deepEqual(heard.ends, ["discontinuity", "lost"]);
    stop();
  });
}

Deno.test("silence follows where it was played for as long as it may be", async () => {
  const { clock, heard, publish, send, need, stop } = setUp();
  const ingest = publish();
  await send(ingest, 100);
  ingest.end("lost");
  await clock.advance(2000 + FOR_MS);
  const before = heard.all.length;
  await need(7);
  assert.deepEqual(runsOf(heard.all.slice(before)), [["silence", 7]]);
  const back = publish();
  await send(back, 50);
  assert.deepEqual(heard.all.slice(-50).filter((one) => !one.startsWith("dj")), []);
  back.end("lost");
  await clock.advance(HOLD_MS - 1);
  assert.equal(heard.ends.length, 0);
  await clock.advance(1);
  assert.deepEqual(heard.ends, ["discontinuity", "lost"], "it is used up until the DJ is heard");
  stop();
});

Deno.test("once the DJ was heard for three seconds, it may be played again as long", async () => {
  const { clock, publish, send, happened, stop } = setUp();
  const first = publish();
  await send(first, 100);
  first.end("lost");
  await clock.advance(2000 + FOR_MS);
  const back = publish();
  await send(back, FRAMES_BACK);
  back.end("lost");
  await clock.advance(2000 + FOR_MS - 1);
  assert.deepEqual(happened(), ["start: gone", "end: gone, limit", "start: gone"]);
  stop();
});

Deno.test("a goodbye ends it at once, and so does a teardown, a deadline and the server's end", async () => {
  for (const how of ["goodbye", "teardown", "deadline", "shutdown"] as const) {
    const { clock, manager, heard, publish, send, happened, session, seen } = setUp();
    const first = publish();
    await send(first, 100);
    session()?.endAt(clock.monotonic() + 20_000);
    first.end("lost");
    await clock.advance(10_000);
    const back = publish();
    await send(back, 10);
    const before = heard.all.length;
    if (how === "goodbye") back.end("finished");
    if (how === "teardown") session()?.end("teardown", SERVER_REASON);
    if (how === "deadline") await clock.advance(10_000);
    if (how === "shutdown") manager.stop("shutdown", SERVER_REASON);
    assert.deepEqual(happened(), ["start: gone", "end: gone, over"], how);
    assert.equal(seen.at(-1)?.kind, "release");
    if (how !== "deadline") assert.equal(heard.all.length, before, how);
    manager.stop("shutdown", SERVER_REASON);
    assert.equal(clock.timerCount, 0);
  }
});

Deno.test("after a goodbye outputs get silence, however long they need it", async () => {
  const { clock, heard, publish, send, need, happened, stop } = setUp();
  Object.assign(heard, { goodbye: () => {} });
  const ingest = publish();
  await send(ingest, 100);
  ingest.end("finished");
  await clock.advance(5000);
  await need(7);
  assert.deepEqual(runsOf(heard.all), [["dj", 100], ["silence", 7]]);
  assert.deepEqual(happened(), []);
  stop();
});

Deno.test("a session that the control API reserves meanwhile lives as long", async () => {
  const { clock, manager, publish, send, session, stop } = setUp();
  const ingest = publish();
  await send(ingest, 100);
  ingest.end("lost");
  await clock.advance(10_000);
  session()?.ready("rtmp", 1000);
  await clock.advance(FOR_MS - 10_000);
  assert.equal(session()?.fallback.playing, "gone");
  assert.equal(manager.sessions.length, 1);
  stop();
});

Deno.test("a file that is unlike the show is silence and one line of the log", async () => {
  await using log = await LogRecorder.start();
  const file = fallbackAudio(10, audioConfig({ sampleRate: 44_100, channelConfiguration: 1 }));
  const { heard, publish, send, need, happened, clock, session, stop } = setUp([file]);
  const first = publish();
  await send(first, 100);
  first.end("lost");
  await need(5);
  const back = publish();
  await send(back, 5);
  back.end("lost");
  await need(5);
  assert.deepEqual(runsOf(heard.all).map(([kind]) => kind), ["dj", "silence", "dj", "silence"]);
  const lines = log.matching(/fallback/).map((line) => line.replace(/^warn\S* demo#\d+ /i, ""));
  assert.deepEqual(lines, [
    "its fallback fallback.aac is not played, since it is unlike the show: " +
    "AAC (mp4a.40.2), 44100 Hz, 1 channel, and not AAC (mp4a.40.2), 32000 Hz, 2 channels",
  ]);
  assert.deepEqual(happened(), []);
  await clock.advance(HOLD_MS);
  assert.equal(session(), undefined, "the hold counts from the loss");
  stop();
});

Deno.test("of several files the first that fits is played", async () => {
  const other = fallbackAudio(10, audioConfig({ sampleRate: 48_000 }), "other.aac");
  const large = { ...fallbackAudio(10, CONFIG, "large.aac"), maxBytes: 100_000 };
  const { heard, publish, send, need, stop } = setUp([other, large, fallbackAudio(10, CONFIG)]);
  const ingest = publish();
  await send(ingest, 1);
  ingest.end("lost");
  await need(1);
  assert.deepEqual(heard.all, ["dj 0", "file 0"]);
  stop();
});

Deno.test("a DJ who is back with another configuration is heard at once", async () => {
  const { clock, heard, publish, send, happened, stop } = setUp();
  const first = publish();
  await send(first, 100);
  first.end("lost");
  await clock.advance(10_000);
  const second = publish("rtmp", audioConfig({ sampleRate: 48_000 }));
  second.write(new Uint8Array([42, 1, 1]), 0);
  assert.equal(heard.all.at(-1), "dj 42");
  assert.equal(heard.starts, 2);
  assert.deepEqual(happened(), ["start: gone", "end: gone, live"]);
  stop();
});

Deno.test("a silent DJ who changes his configuration gives way to another file, where there is one", async () => {
  const config = audioConfig({ sampleRate: 48_000 });
  const files = [fallbackAudio(10, CONFIG), fallbackAudio(3, config, "other.aac")];
  const { heard, publish, send, sendSilence, happened, stop } = setUp(files);
  const ingest = publish();
  await send(ingest, 96);
  await sendSilence(ingest, 1000);
  ingest.configure(config);
  await sendSilence(ingest, 4);
  assert.deepEqual(heard.all.slice(-4), ["file 0", "file 1", "file 2", "file 0"]);
  assert.deepEqual(happened(), ["start: dead-air", "end: dead-air, live", "start: dead-air"]);
  stop();
});

Deno.test("a broadcast whose DJ is gone for longer than the hold keeps no server from its end", async () => {
  const { clock, publish, send, session, stop } = setUp();
  const first = publish();
  await send(first, 100);
  first.end("lost");
  await clock.advance(HOLD_MS - FRAME_MS);
  assert.equal(session()?.isAbandoned, false);
  await clock.advance(FRAME_MS + 1);
  assert.deepEqual([session()?.isAbandoned, session()?.fallback.playing], [true, "gone"]);
  await send(publish(), 10);
  assert.equal(session()?.isAbandoned, false);
  stop();
});

Deno.test("without a file, or where one was taken away, there is silence", async () => {
  const { heard, files, publish, send, need, happened, stop } = setUp();
  files.pop();
  const ingest = publish();
  await send(ingest, 1);
  ingest.end("lost");
  await need(3);
  assert.deepEqual(runsOf(heard.all), [["dj", 1], ["silence", 3]]);
  assert.deepEqual(happened(), []);
  stop();
});

Deno.test("titles that the DJ tells wait until he is heard; those of the control API count", async () => {
  const { clock, seen, publish, send, session, stop } = setUp();
  const titles = () => seen.flatMap((event) => event.kind === "metadata" ? [event.title] : []);
  const first = publish();
  first.metadata({ title: "first", artist: undefined }, undefined);
  await send(first, 100);
  first.end("lost");
  await clock.advance(10_000);
  assert.deepEqual(titles(), ["first"], "the last one is kept");
  const back = publish();
  back.metadata({ title: "second", artist: undefined }, undefined);
  await send(back, 10);
  session()?.setTags({ title: "Back in a moment", artist: undefined });
  await send(back, 10);
  assert.deepEqual(titles(), ["first", "Back in a moment"]);
  await send(back, FRAMES_BACK);
  assert.deepEqual(titles(), ["first", "Back in a moment", "second"]);
  stop();
});

Deno.test("dead air gives way to the file, frame for frame, until there were three seconds of sound", async () => {
  const { heard, publish, send, sendSilence, happened, session, stop } = setUp();
  const ingest = publish();
  await send(ingest, 96);
  await sendSilence(ingest, 1000);
  assert.deepEqual(happened(), ["start: dead-air"]);
  assert.equal(session()?.fallback.playing, "dead-air");
  await send(ingest, 64);
  await sendSilence(ingest, 160);
  await send(ingest, FRAMES_BACK_FROM_SILENCE - 1);
  assert.deepEqual(happened(), ["start: dead-air"], "two seconds of sound are not enough");
  await send(ingest, 100);
  assert.deepEqual(happened(), ["start: dead-air", "end: dead-air, live"]);
  const [live, file, back, ...others] = runsOf(heard.all);
  assert.deepEqual([live?.[0], file?.[0], back, others], ["dj", "file", ["dj", 100], []]);
  const silentMs = ((live?.[1] ?? 0) - 96) * FRAME_MS;
  assert.ok(silentMs >= 10_000 && silentMs < 12_000, `${silentMs} ms of silence were heard`);
  assert.equal(heard.all.length, 96 + 1000 + 64 + 160 + FRAMES_BACK_FROM_SILENCE - 1 + 100);
  assert.deepEqual([heard.starts, heard.ends], [1, []]);
  const { drop_count, filler_count } = session()?.quality ?? {};
  assert.deepEqual([drop_count, filler_count], [0, 0]);
  stop();
});

Deno.test("in dead air it ends after its time: what the DJ sends is heard then", async () => {
  const { clock, heard, publish, send, sendSilence, happened, session, stop } = setUp();
  const ingest = publish();
  await send(ingest, 96);
  await sendSilence(ingest, Math.ceil((12_000 + FOR_MS) / FRAME_MS));
  assert.deepEqual(happened(), ["start: dead-air", "end: dead-air, limit"]);
  assert.equal(heard.all.at(-1), `dj ${SILENCE[0]}`);
  await sendSilence(ingest, 1000);
  assert.equal(happened().length, 2, "it is used up");
  ingest.end("lost");
  await clock.advance(HOLD_MS);
  assert.equal(session(), undefined, "also where the DJ goes");
  stop();
});

Deno.test("a silent DJ who goes, and one who comes back silent, are not heard for as long as it plays", async () => {
  const { clock, heard, publish, send, sendSilence, happened, stop } = setUp();
  const first = publish();
  await send(first, 96);
  await sendSilence(first, 500);
  first.end("lost");
  await clock.advance(10_000);
  const back = publish();
  await sendSilence(back, 496);
  await send(back, FRAMES_BACK_FROM_SILENCE - 1);
  assert.deepEqual(happened(), ["start: dead-air"]);
  await send(back, 1);
  assert.deepEqual(happened(), ["start: dead-air", "end: dead-air, live"]);
  assert.deepEqual(runsOf(heard.all).map(([kind]) => kind), ["dj", "file", "dj"]);
  stop();
});

Deno.test("where dead air is not looked for, all that a DJ sends counts as sound", async () => {
  const off = { afterMs: 0, belowDb: -45 };
  const { clock, publish, send, sendSilence, happened, stop } = setUp(undefined, off);
  const first = publish();
  await send(first, 96);
  await sendSilence(first, 1000);
  assert.deepEqual(happened(), []);
  first.end("lost");
  await clock.advance(10_000);
  await sendSilence(publish(), FRAMES_BACK);
  assert.deepEqual(happened(), ["start: gone", "end: gone, live"]);
  stop();
});
