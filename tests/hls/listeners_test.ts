/** How many listeners are counted of players that behave as real ones do. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { Distributor } from "../../src/hls/distributor.ts";
import { Listeners } from "../../src/hls/listeners.ts";
import { localOrigin } from "../../src/hls/local_origin.ts";
import { hlsRoutes } from "../../src/hls/routes.ts";
import { PLAYLIST_FILE } from "../../src/hls/stream_files.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { servedStream } from "../../testing/hls/served_stream.ts";

const WINDOW = 12;
const STEP_MS = 250;

/** A broadcast over HTTP, with a new segment every target duration. */
class Broadcast {
  readonly clock = new FakeClock();
  readonly listeners: Listeners;
  readonly app: Hono;
  readonly #distributor: Distributor;
  #files: string[] = [];
  #sequence = 100;
  #nextAt = 0;

  constructor(readonly targetMs: number) {
    this.listeners = new Listeners(targetMs, () => this.clock.awake());
    const segment = (file: string) => this.#files.includes(file) ? new Uint8Array(376) : undefined;
    this.#distributor = new Distributor(() =>
      servedStream({ playlist: this.#playlist(), segment: () => undefined })
    );
    this.#distributor.begin("demo");
    const origin = localOrigin(this.#distributor, {
      clock: this.clock,
      readFile: (_, file) => Promise.resolve(segment(file)),
    });
    const onFetch = (name: string, file: string) => this.listeners.fetched(name, file);
    this.app = new Hono().route("/cast", hlsRoutes({ origin, others: [], onFetch }));
  }

  /** Lets `ms` go by, in which each of `players` does what it does. */
  async play(ms: number, players: readonly Player[]): Promise<void> {
    const end = this.clock.monotonic() + ms;
    while (this.clock.monotonic() < end) {
      if (this.clock.monotonic() >= this.#nextAt) this.#list();
      for (const player of players) await player.turn(this.clock.monotonic());
      await this.clock.advance(STEP_MS);
    }
  }

  #list(): void {
    const file = `${this.#sequence++}-1700000000.ts`;
    this.#files = [...this.#files, file].slice(-WINDOW);
    this.#distributor.version("demo", PLAYLIST_FILE, [{ uri: file, bytes: new Uint8Array(376) }]);
    this.listeners.listed("demo", file);
    this.#nextAt += this.targetMs;
  }

  #playlist() {
    return { text: new TextEncoder().encode(this.#files.join("\n")), etag: `"${this.#sequence}"` };
  }
}

type Kind = "whole" | "ranges" | "hesitant";

/** Fetches what is new in the playlist whenever it looks; at first the last three segments. */
class Player {
  #looksAt = 0;
  #lastFile: string | undefined;

  constructor(
    readonly broadcast: Broadcast,
    readonly kind: Kind,
    readonly everyMs: number,
  ) {}

  async turn(now: number): Promise<void> {
    if (now < this.#looksAt) return;
    this.#looksAt = now + this.everyMs;
    const files = (await this.#get("playlist.m3u8")).split("\n");
    const at = this.#lastFile === undefined ? -1 : files.indexOf(this.#lastFile);
    const fresh = at === -1 ? files.slice(-3) : files.slice(at + 1);
    for (const file of fresh) await this.#fetch(file);
    this.#lastFile = files.at(-1);
  }

  async #fetch(file: string): Promise<void> {
    if (this.kind === "hesitant") await this.#get(file, { method: "HEAD" });
    if (this.kind !== "ranges") return void await this.#get(file);
    for (const range of ["bytes=0-99", "bytes=100-199", "bytes=200-", "bytes=376-"]) {
      await this.#get(file, { headers: { Range: range } });
    }
  }

  async #get(file: string, init: RequestInit = {}): Promise<string> {
    const response = await this.broadcast.app.request(`/cast/demo/${file}`, init);
    return await response.text();
  }
}

const KINDS: readonly Kind[] = ["whole", "ranges", "hesitant"];

for (const targetMs of [1000, 2000, 3000, 4000, 5000, 6000, 8000]) {
  Deno.test(`with segments of ${targetMs} ms, listeners who join and leave are soon counted right`, async () => {
    const broadcast = new Broadcast(targetMs);
    const { listeners } = broadcast;
    const settleMs = targetMs + 10_000;
    const players: Player[] = [];
    await broadcast.play(20_000, players);
    assert.equal(listeners.count("demo"), 0);
    for (let i = 0; i < 50; i++) {
      const everyMs = [targetMs, targetMs / 2, targetMs * 0.75][i % 3] ?? targetMs;
      players.push(new Player(broadcast, KINDS[i % 3] ?? "whole", everyMs));
      await broadcast.play(STEP_MS, players);
    }
    await broadcast.play(settleMs, players);
    assert.equal(listeners.count("demo"), 50);
    for (let i = 0; i < 5; i++) {
      await broadcast.play(10_000, players);
      assert.equal(listeners.count("demo"), 50, "they stay");
    }
    players.splice(0, 33);
    await broadcast.play(settleMs, players);
    assert.equal(listeners.count("demo"), 17);
    assert.equal(listeners.total, 17);
    assert.deepEqual([...listeners.byName()], [["demo", 17]]);
    players.splice(0);
    await broadcast.play(settleMs, players);
    assert.equal(listeners.count("demo"), 0);
    assert.deepEqual([...listeners.byName()], []);
  });
}

Deno.test("it does not matter when between two segments a listener joins or leaves", async () => {
  for (const targetMs of [1000, 2000, 4000, 8000]) {
    const broadcast = new Broadcast(targetMs);
    const { listeners } = broadcast;
    const settleMs = targetMs + 10_000;
    await broadcast.play(20_000, []);
    for (let phaseMs = 0; phaseMs < targetMs; phaseMs += STEP_MS) {
      const player = new Player(broadcast, "whole", targetMs);
      await broadcast.play(settleMs, [player]);
      assert.equal(listeners.count("demo"), 1, `joined ${phaseMs} of ${targetMs} ms`);
      await broadcast.play(phaseMs, [player]);
      await broadcast.play(settleMs, []);
      assert.equal(listeners.count("demo"), 0, `left ${phaseMs} of ${targetMs} ms`);
      await broadcast.play(STEP_MS, []);
    }
  }
});

Deno.test("fetches of what is old, unknown or of another name count for nothing", () => {
  let now = 0;
  const listeners = new Listeners(1000, () => now);
  for (let i = 0; i < 10; i++) {
    listeners.listed("demo", `${i}.ts`);
    listeners.fetched("demo", `${i}.ts`);
    listeners.fetched("other", `${i}.ts`);
    listeners.fetched("demo", `${i + 1}.ts`);
    if (i >= 3) listeners.fetched("demo", `${i - 3}.ts`);
    now += 1000;
  }
  assert.deepEqual([...listeners.byName()], [["demo", 1]]);
});

Deno.test("one segment that everybody fetched twice, or nobody, changes no count", () => {
  let now = 0;
  const listeners = new Listeners(1000, () => now);
  for (const fetches of [5, 5, 5, 10, 5, 5, 0, 5, 5, 5, 5]) {
    listeners.listed("demo", `${now}.ts`);
    for (let i = 0; i < fetches; i++) listeners.fetched("demo", `${now}.ts`);
    now += 1000;
    if (now > 3000) assert.equal(listeners.count("demo"), 5);
  }
});

Deno.test("a broadcast without new segments soon has no listeners", () => {
  let now = 0;
  const listeners = new Listeners(1000, () => now);
  for (let i = 0; i < 100; i++) {
    listeners.listed("demo", `${i}.ts`);
    listeners.fetched("demo", `${i}.ts`);
    now += 10;
  }
  now += 3000;
  assert.equal(listeners.count("demo"), 1);
  now += 6000;
  assert.equal(listeners.count("demo"), 0);
  assert.equal(listeners.total, 0);
});

Deno.test("listeners are counted where the server stood still", async () => {
  const broadcast = new Broadcast(2000);
  broadcast.clock.every(1000, () => {});
  const players = [new Player(broadcast, "whole", 2000), new Player(broadcast, "whole", 2000)];
  await broadcast.play(30_000, players);
  assert.equal(broadcast.listeners.count("demo"), 2);
  broadcast.clock.standStill(30_000);
  assert.equal(broadcast.listeners.count("demo"), 2);
});

Deno.test("listeners of low latency count, who have a segment's first part before it is listed", () => {
  const clock = new FakeClock();
  const listeners = new Listeners(1000, () => clock.awake());
  const hear = (segments: number, first: number) => {
    for (let sequence = first; sequence < first + segments; sequence++) {
      for (let i = 0; i < 3; i++) listeners.fetched("demo", `${sequence}-17-abc.0.m4s`);
      clock.advanceSync(600);
      // Its next one may be begun before the disk has it.
      listeners.fetched("demo", `${sequence + 1}-17-abc.0.m4s`);
      listeners.listed("demo", `${sequence}-17.ts`);
      clock.advanceSync(400);
    }
  };
  listeners.listed("demo", "99-17.ts");
  hear(12, 100);
  assert.equal(listeners.count("demo"), 4);
  // A segment that nobody ever lists does not stay.
  listeners.fetched("demo", "113-17-abc.0.m4s");
  hear(12, 200);
  assert.equal(listeners.count("demo"), 4);
  clock.advanceSync(20_000);
  assert.equal(listeners.count("demo"), 0);
});

Deno.test("who is sent an endless stream is a listener, beside those who fetch segments", () => {
  const clock = new FakeClock();
  const listeners = new Listeners(1000, () => clock.awake());
  const threads = [new Map([["demo", 3], ["other", 1]]), new Map([["demo", 2]])];
  listeners.addStreams(() => threads);
  assert.equal(listeners.count("demo"), 5);
  assert.equal(listeners.count("none"), 0);
  assert.deepEqual([...listeners.byName()], [["demo", 5], ["other", 1]]);
  assert.deepEqual([listeners.total, listeners.streaming], [6, 6]);
});
