/** Dead air is found in what a source sends, in audio time, and so is its end. */
import assert from "node:assert/strict";
import { codecOf } from "../../src/audio/codec_of.ts";
import { type DeadAirLimits, DeadAirWatch } from "../../src/session/dead_air.ts";
import { encoded } from "../../testing/audio/encoded_streams.ts";

const { config: CONFIG, frames } = await encoded({ seconds: 1 });
const FRAME_MS = 1000 * CONFIG.samplesPerFrame / CONFIG.sampleRate;
const ZERO = codecOf(CONFIG).silentFrame(CONFIG);
const SOUND = frames[20] ?? ZERO;
/** About -65 dBFS. */
const HISS = (await encoded({ options: ["-af", "volume=-50dB"] })).frames[20] ?? ZERO;
const GARBAGE = Uint8Array.from({ length: 300 }, (_, i) => 0x21 ^ i * 37);

/** A watch that is fed, and what it told. */
class Watched {
  readonly told: string[] = [];
  readonly watch: DeadAirWatch;
  #fedMs = 0;

  constructor(limits: Partial<DeadAirLimits> = {}) {
    this.watch = new DeadAirWatch({ afterMs: 20_000, belowDb: -45, ...limits }, {
      onDeadAir: (levelDb) => {
        this.told.push(`${this.#second}: ${levelDb === null ? "zero" : "quiet"}`);
      },
      onSound: () => this.told.push(`${this.#second}: sound`),
    });
    this.watch.configure(CONFIG);
  }

  /** Feeds so many seconds of one frame. */
  feed(frame: Uint8Array, seconds: number): this {
    for (const end = this.#fedMs + 1000 * seconds; this.#fedMs < end; this.#fedMs += FRAME_MS) {
      this.watch.arrived(frame);
    }
    return this;
  }

  get #second(): number {
    return Math.floor(this.#fedMs / 1000);
  }
}

Deno.test("a level below the limit is dead air after that time, and sound ends it after 2 s", () => {
  const { told } = new Watched().feed(SOUND, 10).feed(HISS, 40).feed(SOUND, 10);
  assert.deepEqual(told, ["30: quiet", "52: sound"]);
});

Deno.test("digital silence is dead air after 10 s, however long other silence may be", () => {
  assert.deepEqual(new Watched().feed(SOUND, 10).feed(ZERO, 40).told, ["20: zero"]);
  assert.deepEqual(new Watched({ afterMs: 60_000 }).feed(ZERO, 40).told, ["10: zero"]);
  assert.deepEqual(new Watched({ afterMs: 2000 }).feed(ZERO, 40).told, ["2: zero"]);
});

Deno.test("nothing is dead air where that is off, and the level is known still", () => {
  const { told, watch } = new Watched({ afterMs: 0 }).feed(SOUND, 1).feed(ZERO, 100);
  assert.deepEqual(told, []);
  assert.equal(watch.levelDb, -Infinity);
});

Deno.test("a word now and then is no dead air, and a click is no sound", () => {
  const words = new Watched();
  for (let i = 0; i < 10; i++) words.feed(HISS, 15).feed(SOUND, 1);
  assert.deepEqual(words.told, []);
  const clicks = new Watched();
  for (let i = 0; i < 300; i++) clicks.feed(SOUND, FRAME_MS / 1000).feed(HISS, 2);
  assert.equal(clicks.told.length, 1);
});

Deno.test("a short sound does not end dead air", () => {
  const watched = new Watched().feed(HISS, 30).feed(SOUND, 1).feed(HISS, 30);
  assert.deepEqual(watched.told.map((it) => it.replace(/.*: /, "")), ["quiet"]);
  assert.equal(watched.watch.isDeadAir, true);
});

Deno.test("how long sound was heard counts from the last break, or from the last connection", () => {
  const watched = new Watched().feed(HISS, 5).feed(SOUND, 4);
  const { watch } = watched;
  assert.ok(watch.soundMs > 3500 && watch.soundMs <= 4000, `${watch.soundMs}`);
  watched.feed(HISS, 0.5).feed(SOUND, 4);
  assert.ok(watch.soundMs > 7500, `${watch.soundMs}`);
  watched.feed(HISS, 3);
  assert.equal(watch.soundMs, 0);
  watched.feed(SOUND, 4);
  watch.restart();
  assert.equal(watch.soundMs, 0);
});

Deno.test("audio of which the level is not known counts as sound", () => {
  assert.equal(codecOf(CONFIG).levelMeter(CONFIG).level(GARBAGE), undefined);
  const { told, watch } = new Watched().feed(GARBAGE, 100);
  assert.deepEqual(told, []);
  assert.equal(watch.levelDb, undefined);
  assert.ok(watch.soundMs > 99_000, `${watch.soundMs}`);
});

Deno.test("dead air goes on over a return, and through frames that cannot be read", () => {
  const watched = new Watched().feed(HISS, 15);
  watched.watch.restart();
  watched.feed(HISS, 3).feed(GARBAGE, FRAME_MS / 1000).feed(HISS, 4);
  assert.deepEqual(watched.told, ["20: quiet"]);
});

Deno.test("who pauses between sentences is heard all the same", () => {
  const watched = new Watched().feed(ZERO, 5);
  watched.watch.restart();
  for (let i = 0; i < 3; i++) watched.feed(SOUND, 2).feed(HISS, 1.5);
  assert.ok(watched.watch.soundMs >= 3000, `${watched.watch.soundMs} ms`);
  watched.feed(HISS, 2);
  assert.equal(watched.watch.soundMs, 0);
});

Deno.test("a frame in half a second is estimated while it is loud, and in a quarter of one else", () => {
  const { watch } = new Watched().feed(SOUND, 10);
  const estimates = (frame: Uint8Array, seconds: number) => {
    const frames = Array<Uint8Array>(Math.round(1000 * seconds / FRAME_MS)).fill(frame);
    return frames.filter((frame) => watch.arrived(frame)).length;
  };
  assert.ok(Math.abs(estimates(SOUND, 10) - 20) <= 1);
  // One of them is in the first half second.
  assert.ok(Math.abs(estimates(HISS, 10) - 39) <= 2);
});
