/** Title and artist on their way from a door to outputs, placed on the timeline. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { EventBus } from "../../src/session/events.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import type { Session } from "../../src/session/session.ts";
import { SessionManager } from "../../src/session/session_manager.ts";
import { type Tags, tagsOf } from "../../src/session/tags.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

/** At this rate, frames last a whole number of milliseconds. */
const CONFIG: AudioConfig = {
  codec: "aac",
  samplesPerFrame: 1024,
  objectType: 2,
  sampleRate: 32_000,
  channelConfiguration: 2,
  programConfig: undefined,
  sbr: undefined,
  ps: undefined,
};
const FRAME_MS = 32;
const song = (title: string): Tags => ({ title, artist: undefined });

/** A session with one output that writes down what it is told, and one that takes no tags. */
class Studio implements Disposable {
  readonly clock = new FakeClock();
  /** Positions in frames: of each frame, of silence, and where tags begin. */
  readonly heard: string[] = [];
  /** What the events `metadata` tell. */
  readonly told: (string | null)[][] = [];
  readonly #sessions: SessionManager;

  /** @param paced whether an output needs a frame each second, as HLS does */
  constructor({ paced = false } = {}) {
    const events = new EventBus();
    events.subscribe((event) => {
      if (event.kind === "metadata") this.told.push([event.title, event.artist]);
    });
    this.#sessions = new SessionManager({
      clock: this.clock,
      events,
      keys: new KeyStore(this.clock, 0),
      auth: "open",
      maxSessions: 10,
      maxWaiting: 10,
      policy: {
        holdMs: 10_000,
        firstWaitMs: 1_800_000,
        unheardWaitMs: 30_000,
        waitMs: { rtmp: 10_000, icecast: 10_000, srt: 30_000 },
        deadAir: { afterMs: 20_000, belowDb: -45 },
        timeline: { maxDelayMs: 10_000, targetMs: 2000 },
      },
    });
    const plain = { start() {}, write() {}, discontinuity() {}, end() {} };
    this.#sessions.addOutput((_, stateNeed) => {
      const need = () => {
        const at = this.clock.awake() + 1000;
        stateNeed({ at, frames: () => (need(), 1) });
      };
      if (paced) need();
      return plain;
    });
    this.#sessions.addOutput(() => ({
      ...plain,
      write: ({ position, filler }) => this.heard.push(`${filler || "audio"} ${position / 1024}`),
      metadata: ({ position, title }) => this.heard.push(`${title} from ${position / 1024}`),
    }));
  }

  /** The session of {@link publish}. */
  get session(): Session {
    const session = this.#sessions.find("demo");
    assert.ok(session);
    return session;
  }

  /** Where tags begin. */
  get tags(): string[] {
    return this.heard.filter((line) => line.includes("from"));
  }

  publish(): AdmittedIngest {
    const transport = { protocol: "rtmp", address: "192.0.2.1", close: () => {} } as const;
    const ingest = this.#sessions.publish({ name: "demo", key: undefined, transport });
    ingest.configure(CONFIG);
    return ingest;
  }

  /** Sends the frames `from` to `to`, in real time. */
  play(ingest: AdmittedIngest, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      ingest.write(new Uint8Array(10), i * FRAME_MS);
      this.clock.advanceSync(FRAME_MS);
    }
  }

  [Symbol.dispose](): void {
    this.#sessions.stop("shutdown", { code: 1, message: "the end" });
  }
}

Deno.test("tags that come before the first frame are told with it, and outputs may do without", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  ingest.metadata(song("A"), 0);
  studio.play(ingest, 0, 2);
  assert.deepEqual(studio.heard, ["A from 0", "audio 0", "audio 1"]);
});

Deno.test("tags wait for the first frame that is not earlier than they are", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  studio.play(ingest, 0, 1);
  ingest.metadata(song("A"), 2 * FRAME_MS);
  ingest.metadata(song("B"), 20 * FRAME_MS + 1);
  studio.play(ingest, 1, 22);
  assert.deepEqual(studio.heard.slice(1, 4), ["audio 1", "A from 2", "audio 2"]);
  assert.deepEqual(studio.heard.slice(-2), ["B from 21", "audio 21"]);
});

Deno.test("tags that are late, or have no time, count from the next frame on, the last of them", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  studio.play(ingest, 0, 3);
  ingest.metadata(song("A"), FRAME_MS);
  ingest.metadata(song("B"), undefined);
  studio.play(ingest, 3, 20);
  ingest.metadata(song("C"), undefined);
  ingest.write(new Uint8Array(10), undefined);
  assert.deepEqual(studio.tags, ["B from 3", "C from 20"]);
});

Deno.test("tags whose timestamp is of another clock wait for nothing", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  ingest.metadata(song("A"), 1_000_000);
  studio.play(ingest, 0, 1);
  assert.deepEqual(studio.heard, ["A from 0", "audio 0"]);
});

Deno.test("tags stand behind the silence of a gap", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  studio.play(ingest, 0, 100);
  studio.clock.advanceSync(3 * FRAME_MS);
  ingest.metadata(song("A"), 103 * FRAME_MS);
  studio.play(ingest, 103, 104);
  assert.deepEqual(
    studio.heard.slice(100),
    ["gap 100", "gap 101", "gap 102", "A from 103", "audio 103"],
  );
});

Deno.test("a new configuration counts positions anew, of tags too", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  studio.play(ingest, 0, 2);
  ingest.metadata(song("A"), 2 * FRAME_MS);
  ingest.configure({ ...CONFIG, channelConfiguration: 1 });
  studio.play(ingest, 2, 3);
  assert.deepEqual(studio.heard.slice(2), ["A from 0", "audio 0"]);
});

Deno.test("tags of a connection that was let go are not told any more", () => {
  using studio = new Studio();
  const first = studio.publish();
  studio.play(first, 0, 1);
  first.metadata(song("A"), undefined);
  studio.clock.advanceSync(2000);
  const second = studio.publish();
  first.metadata(song("B"), undefined);
  second.write(new Uint8Array(10), 0);
  assert.ok(!studio.heard.some((line) => line.includes("from")), studio.heard.join());
});

Deno.test("of a flood of tags two a second are told, and the last of them stays", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  for (let i = 0; i < 10_000; i++) ingest.metadata(song(`${i}`), 0);
  studio.play(ingest, 0, 1);
  assert.deepEqual(studio.heard, ["9999 from 0", "audio 0"]);
  for (let i = 1; i < 100; i++) {
    for (let j = 0; j < 10; j++) {
      studio.session.setTags(song(`c${i}.${j}`));
      ingest.metadata(song(`e${i}.${j}`), i * FRAME_MS);
    }
    studio.play(ingest, i, i + 1);
  }
  studio.play(ingest, 100, 120);
  const expected = [0, 16, 32, 48, 64, 80, 96].map((i) =>
    `${i === 0 ? 9999 : `e${i}.9`} from ${i}`
  );
  assert.deepEqual(studio.tags, [...expected, "e99.9 from 112"]);
  assert.equal(studio.told.length, studio.tags.length);
  assert.equal(studio.session.tags?.title, "e99.9");
});

Deno.test("tags that an encoder repeats change nothing, also when it connects again", () => {
  using studio = new Studio();
  const first = studio.publish();
  first.metadata(song("Show"), 0);
  studio.play(first, 0, 20);
  studio.session.setTags(song("Song"));
  studio.play(first, 20, 40);
  first.metadata(song("Show"), 40 * FRAME_MS);
  studio.play(first, 40, 60);
  first.end("lost");
  const second = studio.publish();
  second.metadata(song("Show"), 0);
  studio.play(second, 0, 20);
  assert.deepEqual(studio.told, [["Show", null], ["Song", null]]);
  second.metadata({ title: undefined, artist: undefined }, undefined);
  studio.play(second, 20, 21);
  assert.deepEqual(studio.told.at(-1), [null, null]);
});

Deno.test("tags of the control API count from the next frame on, whatever the encoder's clock says", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  studio.session.setTags(song("Before"));
  studio.play(ingest, 0, 20);
  ingest.metadata(song("Later"), 100 * FRAME_MS);
  studio.session.setTags({ title: "Now", artist: "Band" });
  studio.play(ingest, 20, 101);
  assert.deepEqual(studio.tags, ["Before from 0", "Now from 20", "Later from 100"]);
  assert.deepEqual(studio.told[1], ["Now", "Band"]);
});

Deno.test("tags of the control API outlive a connection, and are told in the silence of a hold", () => {
  using studio = new Studio({ paced: true });
  const first = studio.publish();
  studio.play(first, 0, 50);
  first.metadata(song("Never"), 1000 * FRAME_MS);
  first.end("lost");
  studio.session.setTags(song("Held"));
  assert.deepEqual(studio.tags, []);
  studio.clock.advanceSync(3000);
  assert.equal(studio.tags.length, 1, studio.tags.join());
  assert.match(studio.tags.join(), /^Held from/);
  const at = studio.heard.indexOf(studio.tags.join());
  assert.match(studio.heard[at + 1] ?? "", /^wait/);
  const second = studio.publish();
  studio.play(second, 0, 50);
  assert.equal(studio.tags.length, 1);
});

Deno.test("tags are cut and cleaned, however they come", () => {
  for (
    const [text, clean] of [
      ['"Heroes" <b> & \'', '"Heroes" <b> & \''],
      ["a\u0000b\r\nc\u202ed\u2028e", "a b c d e"],
      ["\ud83d\ude00 caf\u00e9", "\ud83d\ude00 caf\u00e9"],
      ["cut \ud83d", "cut \ufffd"],
      ["x".repeat(10_000), "x".repeat(256)],
      ["\ud83d\ude00".repeat(5000), "\ud83d\ude00".repeat(256)],
      [" ".repeat(5000) + "late", "late"],
      ["\n\t ", undefined],
      ["", undefined],
    ]
  ) {
    assert.deepEqual(tagsOf({ title: text, artist: text }), { title: clean, artist: clean });
  }
});

Deno.test("title and artist are found under the names that encoders have for them", () => {
  assert.deepEqual(tagsOf({ title: "Song", artist: "Band", encoder: "x" }), {
    title: "Song",
    artist: "Band",
  });
  assert.deepEqual(tagsOf({ StreamTitle: "", title: "Song", author: "Band" }), {
    title: "Song",
    artist: "Band",
  });
  assert.deepEqual(tagsOf({ StreamTitle: "" }), { title: undefined, artist: undefined });
  assert.equal(tagsOf({ title: 7, encoder: "Lavf" }), undefined);
});
