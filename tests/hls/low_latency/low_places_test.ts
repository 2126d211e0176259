/** How many broadcasts are there in low latency, whose they are, and that they come one by one. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { localOrigin } from "../../../src/hls/local_origin.ts";
import { LowPlaces } from "../../../src/hls/low_latency/low_places.ts";
import { SERVER_REASON } from "../../../src/session/reason.ts";
import { hlsRoutes } from "../../../src/hls/routes.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { MemoryFolder, NO_STATES } from "../../../testing/hls/memory_files.ts";
import { until } from "../../../testing/until.ts";
import { FRAME_MS, goOnAir, type OnAir, publish } from "../../../testing/hls/on_air.ts";

const PLACES = 8;
const SHARE = 2;

/** Many broadcasts on air, and who asks for them over HTTP. */
class ManyShows implements AsyncDisposable {
  readonly places: LowPlaces;
  readonly #close: () => void;
  readonly #app: Hono;
  readonly #names: readonly string[];
  readonly #send: () => void;

  private constructor(
    readonly clock: FakeClock,
    readonly onAir: OnAir,
    places: LowPlaces,
    count: number,
  ) {
    this.places = places;
    this.#names = Array.from({ length: count }, (_, i) => `n${i}`);
    const ingests = this.#names.map((name) => publish(onAir, name));
    let number = 0;
    this.#send = () => {
      for (const ingest of ingests) ingest.write(new Uint8Array(40).fill(1), number * FRAME_MS);
      number++;
    };
    const readFile = () => Promise.resolve(undefined);
    const origin = localOrigin(onAir.hls.distributor, { clock, readFile });
    this.#close = () => origin.close();
    this.#app = hlsRoutes({ origin, others: [] });
  }

  static async start(count: number): Promise<ManyShows> {
    const clock = new FakeClock();
    const lowPlaces = new LowPlaces(clock, { total: PLACES, perAddress: SHARE });
    const options = { clock, targetMs: 1000, folder: new MemoryFolder(), states: NO_STATES };
    const onAir = await goOnAir({ ...options, lowPlaces });
    const shows = new ManyShows(clock, onAir, lowPlaces, count);
    await shows.play(200);
    return shows;
  }

  async play(frames: number): Promise<void> {
    for (let i = 0; i < frames; i++) {
      this.#send();
      await this.clock.advance(FRAME_MS);
    }
  }

  /** The answer to a request of somebody at an address. */
  async get(path: string, client: string): Promise<Response> {
    const asked: { answer?: Response } = {};
    const info = { client, remoteAddr: { hostname: client } };
    Promise.resolve(this.#app.request(path, {}, info)).then((answer) => asked.answer = answer);
    return await until("it is answered", async () => {
      await this.clock.advance(1);
      return asked.answer;
    });
  }

  /** Somebody at an address listens. */
  async hear(name: string, client: string): Promise<number> {
    const playlist = await this.get(`/${name}/low-media.m3u8`, client);
    if (playlist.status !== 200) return playlist.status;
    const [, part = ""] = /YES,URI="([^"]*)"/.exec(await playlist.text()) ?? [];
    return (await this.get(`/${name}/${part}`, client)).status;
  }

  /** How many broadcasts are there in low latency. */
  get open(): number {
    const { hls } = this.onAir;
    const isOpen = (name: string) => hls.find(name)?.low.playlist("low-media.m3u8") !== undefined;
    return this.#names.filter(isOpen).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    this.onAir.manager.stop("shutdown", SERVER_REASON);
    await this.onAir.hls.stop();
  }
}

Deno.test("broadcasts are opened one by one, and in between other work is done", async () => {
  const clock = new FakeClock();
  const places = new LowPlaces(clock);
  const opened: string[] = [];
  const open = (name: string, works = true) =>
    places.inTurn(async () => {
      opened.push(name);
      await Promise.resolve();
      if (!works) throw new Error("it does not open");
    });
  const all = Promise.allSettled([open("a"), open("b", false), open("c")]);
  for (let i = 0; i < 100; i++) await Promise.resolve();
  assert.deepEqual(opened, ["a"], "the next one waits for a turn of the event loop");
  await clock.advance(0);
  assert.deepEqual(opened, ["a", "b", "c"]);
  assert.deepEqual((await all).map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  places.close();
  assert.equal(clock.timerCount, 0);
});

Deno.test("one address that asks for all broadcasts keeps a share of the places, and that for seconds", async () => {
  await using shows = await ManyShows.start(2 * SHARE);
  for (let i = 0; i < 2 * SHARE; i++) {
    assert.equal((await shows.get(`/n${i}/low.m3u8`, "192.0.2.1")).status, 200);
  }
  assert.equal(shows.open, SHARE);
  const gone = await shows.get("/n0/low-media.m3u8", "192.0.2.1");
  assert.deepEqual([gone.status, gone.headers.get("Retry-After")], [503, "5"]);
  assert.equal(gone.headers.get("Cache-Control"), "no-store");
  assert.equal(await shows.hear(`n${2 * SHARE - 1}`, "192.0.2.9"), 200);
  await shows.play(12 * 47);
  assert.equal(shows.open, 1, "only what somebody hears");
});

Deno.test("where all places are heard others are told to come again, and get what is free again", async () => {
  await using log = await LogRecorder.start();
  await using shows = await ManyShows.start(PLACES + 1);
  for (let i = 0; i < PLACES; i++) {
    assert.ok(shows.places.isOffered(`n${PLACES}`));
    assert.equal(await shows.hear(`n${i}`, `192.0.2.${i % 5}`), 200, `n${i}`);
  }
  const last = `n${PLACES}`;
  assert.equal(shows.places.isOffered(last), false);
  assert.equal(shows.places.isOffered("n7"), true, "it is there");
  for (const file of ["low.m3u8", "low-media.m3u8", "low-media.m3u8?_HLS_msn=1", "1-1-a.m4s"]) {
    assert.equal((await shows.get(`/${last}/${file}`, "198.51.100.7")).status, 503, file);
  }
  assert.equal((await shows.get(`/${last}/playlist.m3u8`, "198.51.100.7")).status, 200);
  assert.equal(shows.open, PLACES);
  const lines = log.matching(/cannot be heard in low latency now/);
  assert.deepEqual(lines.length, 1, "it is said once a minute");
  for (let minute = 0; minute < 2; minute++) {
    assert.equal(await shows.hear("n7", "198.51.100.7"), 200);
    await shows.play(40 * 47);
  }
  assert.equal(await shows.hear(last, "198.51.100.7"), 200);
  assert.equal(shows.open, 2);
});
