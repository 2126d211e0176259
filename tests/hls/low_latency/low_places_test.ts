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
const OPENINGS = 20;
const GREEDY = "192.0.2.1";
const OTHER = "198.51.100.7";

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
    const lowPlaces = new LowPlaces(clock, { total: PLACES, openings: OPENINGS });
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
    return this.#names.filter((name) => this.isOpen(name)).length;
  }

  /** Whether this one is. */
  isOpen(name: string): boolean {
    return this.onAir.hls.find(name)?.low.playlist("low-media.m3u8") !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    this.onAir.manager.stop("shutdown", SERVER_REASON);
    await this.onAir.hls.stop();
  }
}

Deno.test("broadcasts are opened one by one, and in between others have the thread for longer", async () => {
  const clock = new FakeClock();
  const places = new LowPlaces(clock);
  const opened: string[] = [];
  const open = (name: string, works = true) =>
    places.inTurn(() => Promise.resolve(name), (read) => {
      opened.push(read);
      clock.standStill(20);
      if (!works) throw new Error("it does not open");
    });
  const all = Promise.allSettled([open("a"), open("b", false), open("c")]);
  await clock.advance(0);
  assert.deepEqual(opened, ["a"]);
  await clock.advance(99);
  assert.deepEqual(opened, ["a"], "five times as long as the work took");
  await clock.advance(1);
  assert.deepEqual(opened, ["a", "b"]);
  // The work was done within the time that passed.
  await clock.advance(20 + 100);
  assert.deepEqual(opened, ["a", "b", "c"]);
  assert.deepEqual((await all).map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  places.close();
  assert.equal(clock.timerCount, 0);
});

Deno.test("what is slow to be read is not counted as work", async () => {
  const clock = new FakeClock();
  const places = new LowPlaces(clock);
  let opened = 0;
  const read = () => new Promise<void>((resolve) => void clock.after(500, resolve));
  for (let i = 0; i < 2; i++) places.inTurn(read, () => opened++);
  await clock.advance(1000);
  assert.equal(opened, 2);
  places.close();
});

Deno.test("what nobody hears is there for seconds alone", async () => {
  await using shows = await ManyShows.start(3);
  for (let i = 0; i < 3; i++) {
    assert.equal((await shows.get(`/n${i}/low.m3u8`, GREEDY)).status, 200);
  }
  assert.equal(await shows.hear("n1", OTHER), 200);
  await shows.play(12 * 47);
  assert.equal(shows.open, 1);
});

Deno.test("where one address hears as many as there may be, others have theirs at its cost", async () => {
  await using log = await LogRecorder.start();
  await using shows = await ManyShows.start(PLACES + 4);
  for (let i = 0; i < PLACES; i++) assert.equal(await shows.hear(`n${i}`, GREEDY), 200);
  const refused = await shows.get(`/n${PLACES}/low-media.m3u8`, GREEDY);
  assert.deepEqual([refused.status, refused.headers.get("Retry-After")], [503, "5"]);
  assert.equal(refused.headers.get("Cache-Control"), "no-store");
  assert.match(log.matching(/cannot be heard in low latency now/)[0] ?? "", /192\.0\.2\.1/);
  assert.equal(await shows.hear(`n${PLACES}`, OTHER), 200, "the refusal is the other address's");
  assert.equal(await shows.hear(`n${PLACES + 1}`, "203.0.113.8"), 200);
  assert.equal(await shows.hear("n0", GREEDY), 503, "it has given way");
  assert.equal(await shows.hear("n2", GREEDY), 200);
  assert.equal(
    await shows.hear(`n${PLACES}`, GREEDY),
    200,
    "who is refused a place hears what is there",
  );
  assert.equal(shows.open, PLACES);
});

Deno.test("whoever waits for the answer that another address gets is not refused with it", async () => {
  await using shows = await ManyShows.start(PLACES + 1);
  for (let i = 0; i < PLACES; i++) assert.equal(await shows.hear(`n${i}`, GREEDY), 200);
  const path = `/n${PLACES}/low.m3u8`;
  const answers = [GREEDY, OTHER, GREEDY].map((client) => shows.get(path, client));
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  assert.deepEqual(statuses.toSpliced(0, 1), [200, 200]);
  assert.equal((await shows.get(path, GREEDY)).status, 200, "it is there now");
});

Deno.test("the networks of one customer are one, however many they are", async () => {
  await using shows = await ManyShows.start(PLACES + 1);
  for (let i = 0; i < PLACES; i++) {
    assert.equal(await shows.hear(`n${i}`, `2001:db8:1:${i}::1`), 200);
  }
  assert.equal(await shows.hear(`n${PLACES}`, "2001:db8:1:ffff::1"), 503);
  assert.equal(await shows.hear(`n${PLACES}`, "2001:db8:2::1"), 200);
});

Deno.test("a broadcast that many hear does not give way to one that one more address asks for", async () => {
  await using shows = await ManyShows.start(PLACES + 1);
  for (let i = 0; i < PLACES; i++) assert.equal(await shows.hear(`n${i}`, GREEDY), 200);
  for (let i = 0; i < PLACES; i++) {
    if (i !== 5) assert.equal(await shows.hear(`n${i}`, `198.51.100.${i}`), 200);
  }
  await shows.play(2 * 47);
  assert.equal(await shows.hear(`n${PLACES}`, "203.0.113.8"), 200);
  assert.equal(shows.isOpen("n5"), false);
});

Deno.test("who only asks once in a while keeps nobody out", async () => {
  await using shows = await ManyShows.start(PLACES + 1);
  for (let i = 0; i < PLACES; i++) {
    assert.equal(await shows.hear(`n${i}`, `198.51.100.${i}`), 200);
  }
  await shows.play(11 * 47);
  assert.equal(shows.open, PLACES, "there is room");
  assert.equal(await shows.hear("n0", "198.51.100.0"), 200);
  await shows.play(2 * 47);
  assert.equal(await shows.hear(`n${PLACES}`, "203.0.113.8"), 200);
  assert.equal(shows.isOpen("n0"), true);
});

Deno.test("one address cannot have broadcasts opened all the time", async () => {
  const clock = new FakeClock();
  const places = new LowPlaces(clock, { total: 100, openings: 3 });
  const open = (name: string, client: string | undefined) => {
    const place = places.take({ name, client, giveWay: () => {} });
    place?.release();
    return place !== undefined;
  };
  const opened = ["a", "b", "a", "c"].map((name) => open(name, GREEDY));
  assert.deepEqual(opened, [true, true, true, false]);
  assert.ok(open("c", OTHER));
  assert.ok(open("c", undefined), "this machine stands for many");
  await clock.advance(60_000);
  assert.ok(open("c", GREEDY));
});

Deno.test("where each is heard by another address others are told to come again, and get what is free again", async () => {
  await using log = await LogRecorder.start();
  await using shows = await ManyShows.start(PLACES + 1);
  for (let i = 0; i < PLACES; i++) {
    assert.ok(shows.places.isOffered(`n${PLACES}`));
    assert.equal(await shows.hear(`n${i}`, `192.0.2.${i}`), 200, `n${i}`);
  }
  const last = `n${PLACES}`;
  assert.equal(shows.places.isOffered(last), false);
  assert.equal(shows.places.isOffered("n7"), true, "it is there");
  for (const file of ["low.m3u8", "low-media.m3u8", "low-media.m3u8?_HLS_msn=1", "1-1-a.m4s"]) {
    assert.equal((await shows.get(`/${last}/${file}`, OTHER)).status, 503, file);
  }
  assert.equal((await shows.get(`/${last}/playlist.m3u8`, OTHER)).status, 200);
  assert.equal(shows.open, PLACES);
  const lines = log.matching(/cannot be heard in low latency now/);
  assert.deepEqual(lines.length, 1, "it is said once a minute");
  for (let minute = 0; minute < 2; minute++) {
    assert.equal(await shows.hear("n7", OTHER), 200);
    await shows.play(40 * 47);
  }
  assert.equal(await shows.hear(last, OTHER), 200);
  assert.equal(shows.open, 2);
});
