/**
 * How the page sets up hls.js: how far behind it stays, and how it waits for a server that is away.
 */
import assert from "node:assert/strict";
import { writeId3Texts } from "../../../src/audio/id3_texts.ts";
import { findEngine } from "../../../src/pages/listener/engine.js";
import type { ShownTitle } from "../../../src/pages/listener/show.js";
import type { Source } from "../../../src/pages/listener/sources.js";

/** As much of hls.js as the page needs, told by hand what happens. */
class FakeHls {
  static last: FakeHls;
  static readonly Events = new Proxy({}, { get: (_, name) => name }) as Record<string, string>;
  static isSupported = () => true;
  static readonly DefaultConfig = { bufferController: class {} };
  targetLatency: number | null = null;
  playlist = "";
  startedAt: number | undefined;
  readonly #handlers: [string, (event: string, data: unknown) => void][] = [];

  constructor(readonly config: Record<string, unknown>) {
    FakeHls.last = this;
  }

  on(event: string, handle: (event: string, data: unknown) => void): void {
    this.#handlers.push([event, handle]);
  }

  tell(event: string, data: unknown = {}): void {
    for (const [name, handle] of this.#handlers) if (name === event) handle(event, data);
  }

  loadSource(playlist: string): void {
    this.playlist = playlist;
  }

  startLoad(position: number): void {
    this.startedAt = position;
  }

  attachMedia(): void {}
  destroy(): void {}
}

/** A buffer that counts how often its parser was reset. */
class FakeBuffer extends EventTarget {
  updating = false;
  resets = 0;

  abort(): void {
    assert.ok(!this.updating, "what is being appended would be lost");
    this.resets++;
  }
}

/** An element, of which it is known how much is loaded. */
class FakeAudio extends EventTarget {
  playbackRate = 1;
  currentTime = 0;
  ahead = 0;

  get buffered() {
    const { ahead } = this;
    return { length: 1, start: () => 0, end: () => ahead };
  }
}

const ORDINARY: Source = { kind: "ordinary", playlist: "playlist.m3u8" };
const AT = Date.parse("2026-11-23T20:00:00.000Z");

async function opened(source = ORDINARY) {
  Object.assign(globalThis, { MediaSource: class {}, FakeHls });
  const library = "data:text/javascript,export default globalThis.FakeHls";
  const { open } = await findEngine(library);
  const audio = new FakeAudio();
  const titles: ShownTitle[] = [];
  const answers: number[] = [];
  const ends: string[] = [];
  const engine = open(audio as unknown as HTMLAudioElement, source, {
    onFailed: () => void ends.push("failed"),
    onRefused: () => void ends.push("refused"),
    onTitle: (title) => titles.push(title),
    onAnswer: (ms) => answers.push(ms),
  });
  const hls = FakeHls.last;
  const load = (targetduration: number, more = {}) => {
    const fragments = [0, 6, 12].map((start) => {
      return { start, duration: 6, programDateTime: AT + start * 1000 };
    });
    const details = { live: true, targetduration, dateRanges: {}, fragments };
    hls.tell("MANIFEST_LOADED", { levels: [{ details }] });
    const stats = { loading: { start: 100, end: 120 } };
    hls.tell("LEVEL_LOADED", { details: { ...details, ...more }, stats });
  };
  const buffered = (cc: number, ahead: number) => {
    hls.tell("FRAG_LOADING", { frag: { cc } });
    audio.ahead = ahead;
    hls.tell("FRAG_BUFFERED", { frag: { cc } });
    return audio.playbackRate;
  };
  return { hls, audio, engine, load, buffered, titles, answers, ends };
}

Deno.test("the page stays six seconds behind, or three target durations", async () => {
  for (const [target, seconds] of [[1, 6], [2, 6], [4, 12], [8, 24]] as const) {
    const { hls, load } = await opened();
    load(target);
    assert.equal(hls.targetLatency, seconds, `at a target duration of ${target} s`);
  }
});

Deno.test("it sounds once three fifths of that are loaded", async () => {
  for (const [target, seconds] of [[1, 3.6], [2, 3.6], [4, 7.2], [8, 14.4]] as const) {
    const { hls, load, buffered } = await opened();
    hls.tell("MEDIA_ATTACHED");
    load(target);
    const rates = [buffered(0, seconds - 0.1), buffered(0, seconds + 0.1)];
    assert.deepEqual(rates, [0, 1], `at a target duration of ${target} s`);
  }
});

Deno.test("it waits patiently for as long as that may take", async () => {
  const { engine, load } = await opened();
  assert.equal(engine.patienceMs, 8000);
  load(8);
  assert.ok((engine.patienceMs ?? 0) > 24_000);
});

Deno.test("what an outage has used up is loaded again before what follows is heard", async () => {
  const { load, buffered } = await opened();
  load(1);
  assert.deepEqual([buffered(3, 6), buffered(3, 2.5)], [1, 1], "it goes on within a show");
  assert.deepEqual([buffered(4, 1.5), buffered(4, 2.5), buffered(4, 3.8)], [0, 0, 1]);
  assert.equal(buffered(5, 4.2), 1, "nothing was used up");
});

Deno.test("where time is counted anew, the parser is reset before it reads that", async () => {
  const { hls, buffered } = await opened();
  const buffer = new FakeBuffer();
  hls.tell("BUFFER_CREATED", { tracks: { audio: { buffer } } });
  for (const cc of [7, 7, 7]) buffered(cc, 6);
  assert.equal(buffer.resets, 0);
  hls.tell("FRAG_LOADING", { frag: { cc: 8 } });
  assert.equal(buffer.resets, 1);
  for (const cc of [8, 8]) buffered(cc, 6);
  assert.equal(buffer.resets, 2, "once more for a segment that is loaded again");
});

Deno.test("a buffer that is at work is reset once it is done", async () => {
  const { hls, buffered } = await opened();
  const buffer = new FakeBuffer();
  hls.tell("BUFFER_CREATED", { tracks: { audio: { buffer } } });
  buffered(7, 6);
  buffer.updating = true;
  hls.tell("FRAG_LOADING", { frag: { cc: 8 } });
  assert.equal(buffer.resets, 0);
  buffer.updating = false;
  buffer.dispatchEvent(new Event("updateend"));
  buffer.dispatchEvent(new Event("updateend"));
  assert.equal(buffer.resets, 1);
});

Deno.test("a server that is away is asked about again twice a second for good", async () => {
  const { hls } = await opened();
  for (const policy of ["manifestLoadPolicy", "playlistLoadPolicy", "fragLoadPolicy"]) {
    const { errorRetry } = (hls.config[policy] as { default: Record<string, unknown> }).default;
    const { maxNumRetry, maxRetryDelayMs, shouldRetry } = errorRetry as Record<string, unknown>;
    assert.deepEqual([maxNumRetry, maxRetryDelayMs], [Infinity, 500]);
    const retries = shouldRetry as (...args: unknown[]) => boolean;
    // Nobody listens; there is no such segment; the server has trouble.
    assert.equal(retries(errorRetry, 99, false, { code: 0 }, false), true);
    assert.equal(retries(errorRetry, 99, false, { code: 404 }, false), false);
    assert.equal(retries(errorRetry, 99, false, { code: 503 }, true), true);
  }
});

Deno.test("where the server has no room for low latency the page is told so, and does not ask again", async () => {
  const low = await opened({ kind: "low", playlist: "low.m3u8" });
  const retriesOf = (policy: string) => {
    const { errorRetry } = (low.hls.config[policy] as { default: Record<string, unknown> }).default;
    const { shouldRetry } = errorRetry as { shouldRetry: (...args: unknown[]) => boolean };
    return [0, 502, 503].map((code) => shouldRetry(errorRetry, 1, false, { code }, code > 0));
  };
  assert.deepEqual(retriesOf("manifestLoadPolicy"), [true, true, false]);
  assert.deepEqual(retriesOf("playlistLoadPolicy"), [true, true, true], "it is open: it waits");
  low.hls.tell("ERROR", { fatal: false, response: { code: 503 } });
  low.hls.tell("ERROR", { fatal: true, response: { code: 503 } });
  low.hls.tell("ERROR", { fatal: true, response: { code: 404 } });
  const ordinary = await opened();
  ordinary.hls.tell("ERROR", { fatal: true, response: { code: 503 } });
  await Promise.resolve();
  assert.deepEqual([low.ends, ordinary.ends], [["refused", "failed"], ["failed"]]);
});

Deno.test("low latency is played a little more than three parts behind", async () => {
  const { hls, engine, load, buffered } = await opened({ kind: "low", playlist: "low.m3u8" });
  const { lowLatencyMode, liveSyncDuration } = hls.config;
  assert.deepEqual([hls.playlist, lowLatencyMode, liveSyncDuration], ["low.m3u8", true, 1.4]);
  hls.tell("MEDIA_ATTACHED");
  load(4);
  assert.deepEqual([hls.targetLatency, engine.distanceS], [null, 1.4]);
  assert.deepEqual([buffered(0, 0.8), buffered(0, 0.9)], [0, 1]);
});

Deno.test("a rewound show begins at the moment that is wanted", async () => {
  const moments = [[7500, 7.5], [-60_000, 0], [0, 0], [60_000, 18]] as const;
  for (const [ms, position] of moments) {
    const { hls, load } = await opened({ kind: "rewind", playlist: "show.m3u8", from: AT + ms });
    load(10);
    assert.deepEqual([hls.config["autoStartLoad"], hls.startedAt], [false, position]);
  }
});

Deno.test("titles are read from the playlist and from segments", async () => {
  const { hls, load, titles } = await opened();
  const startDate = new Date(AT);
  const attr = { "X-TITLE": "A" };
  load(1, { dateRanges: { a: { class: "echo.now-playing", startDate, attr } } });
  hls.tell("FRAG_PARSING_METADATA", {
    frag: { start: 60, programDateTime: AT + 10_000 },
    samples: [{ pts: 62.5, data: writeId3Texts({ title: "B", artist: "Band" }) }],
  });
  const told = titles.map(({ title, artist, at }) => [title, artist, Date.parse(at) - AT]);
  assert.deepEqual(told, [["A", null, 0], ["B", "Band", 12_500]]);
});

Deno.test("it tells how long the server took for each answer", async () => {
  const { hls, load, answers } = await opened();
  load(1);
  hls.tell("FRAG_LOADED", { frag: { stats: { loading: { start: 0, end: 700 } } } });
  assert.deepEqual(answers, [20, 700]);
});
