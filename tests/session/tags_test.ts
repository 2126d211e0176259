/** Title and artist on their way from a door to outputs, placed on the timeline. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { EventBus } from "../../src/session/events.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
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
  readonly #sessions: SessionManager;

  constructor() {
    this.#sessions = new SessionManager({
      clock: this.clock,
      events: new EventBus(),
      keys: new KeyStore(this.clock, 0),
      auth: "open",
      maxSessions: 10,
      maxWaiting: 10,
      policy: {
        holdMs: 10_000,
        firstWaitMs: 1_800_000,
        unheardWaitMs: 30_000,
        waitMs: { rtmp: 10_000, srt: 30_000 },
        timeline: { maxDelayMs: 10_000, targetMs: 2000 },
      },
    });
    const plain = { start() {}, write() {}, discontinuity() {}, end() {} };
    this.#sessions.addOutput(() => plain);
    this.#sessions.addOutput(() => ({
      ...plain,
      write: ({ position, filler }) => this.heard.push(`${filler || "audio"} ${position / 1024}`),
      metadata: (position, { title }) => this.heard.push(`${title} from ${position / 1024}`),
    }));
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
  ingest.metadata(song("B"), 2 * FRAME_MS + 1);
  studio.play(ingest, 1, 4);
  const expected = ["audio 0", "audio 1", "A from 2", "audio 2", "B from 3", "audio 3"];
  assert.deepEqual(studio.heard, expected);
});

Deno.test("tags that are late, or have no time, count from the next frame on, the last of them", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  studio.play(ingest, 0, 3);
  ingest.metadata(song("A"), FRAME_MS);
  ingest.metadata(song("B"), undefined);
  studio.play(ingest, 3, 4);
  ingest.metadata(song("C"), undefined);
  ingest.write(new Uint8Array(10), undefined);
  assert.deepEqual(studio.heard.slice(3), ["B from 3", "audio 3", "C from 4", "audio 4"]);
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

Deno.test("an encoder that floods tags has the last ones told", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  for (let i = 0; i < 10_000; i++) ingest.metadata(song(`${i}`), 0);
  studio.play(ingest, 0, 1);
  assert.deepEqual(studio.heard, ["9999 from 0", "audio 0"]);
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
  assert.deepEqual(tagsOf({ StreamTitle: "" }), { title: "", artist: undefined });
  assert.equal(tagsOf({ title: 7, encoder: "Lavf" }), undefined);
});
