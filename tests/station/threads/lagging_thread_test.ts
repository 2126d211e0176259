/** A listener whose connections are on two threads, of which one gets its messages late. */
import assert from "node:assert/strict";
import type { Distributor, TellReplica } from "../../../src/hls/distributor.ts";
import { NO_PREROLL } from "../../../src/hls/preroll.ts";
import type { ReplicaNews } from "../../../src/hls/replica_messages.ts";
import { TrustedProxies } from "../../../src/http/addresses.ts";
import { ConnectionLimits } from "../../../src/http/connection_limits.ts";
import type { Ingest } from "../../../src/session/ingest.ts";
import { systemClock } from "../../../src/session/clock.ts";
import { HttpThread } from "../../../src/station/threads/http_thread.ts";
import { freePorts } from "../../../testing/free_ports.ts";
import { Broadcast } from "../../../testing/hls/broadcast.ts";
import { filesOf, later, reloadFor } from "../../../testing/hls/two_threads.ts";
import {
  parseLowPlaylist,
  type SeenLowPlaylist,
} from "../../../testing/hls_validator/low_playlist_reader.ts";
import { OFF_AIR } from "../../../testing/pages/listener/broadcasts.ts";
import { until } from "../../../testing/until.ts";

const HOSTNAME = "127.0.0.1";
const MEDIA = "low-media.m3u8";

/** Hands on what a distributor tells, in its order, and all of it later where it is held. */
class LateNews implements Pick<Distributor, "connect"> {
  readonly held: ReplicaNews["kind"][] = [];
  readonly #distributor: Distributor;
  #isHeld = false;
  #later: (() => void)[] = [];

  constructor(distributor: Distributor) {
    this.#distributor = distributor;
  }

  connect(tell: TellReplica): ReturnType<Distributor["connect"]> {
    return this.#distributor.connect((news, transfer) => {
      if (!this.#isHeld) return tell(news, transfer);
      this.held.push(news.kind);
      this.#later.push(() => tell(news, transfer));
    });
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.held.length = 0;
    for (const tell of this.#later.splice(0)) tell();
  }
}

/** A broadcast, and two threads that serve it, each on a port of its own. */
class Threads implements AsyncDisposable {
  readonly late: LateNews;
  readonly #threads: readonly HttpThread[];
  readonly #ports = freePorts(2, HOSTNAME);
  readonly #broadcast: Broadcast;
  readonly #ingest: Ingest;
  readonly #client = Deno.createHttpClient({});
  #frame = 0;

  private constructor(broadcast: Broadcast) {
    this.#broadcast = broadcast;
    this.#ingest = broadcast.connect();
    const { distributor } = broadcast.hls;
    this.late = new LateNews(distributor);
    this.#threads = [distributor, this.late].map((distributor, i) =>
      newThread(distributor, this.#ports[i])
    );
  }

  static async start(): Promise<Threads> {
    const threads = new Threads(await Broadcast.start());
    for (const thread of threads.#threads) thread.start((why) => assert.fail(why));
    for (const thread of threads.#threads) await thread.listening;
    return threads;
  }

  /** Goes on air, with listeners on both threads. */
  async goOnAir(): Promise<void> {
    await this.play(200);
    for (const thread of [0, 1] as const) {
      assert.equal((await this.get(thread, MEDIA)).status, 200);
    }
  }

  async play(frames: number): Promise<void> {
    await this.#broadcast.live(this.#ingest, this.#frame, this.#frame + frames);
    this.#frame += frames;
  }

  /** What the thread answers, the first or the second. */
  async get(thread: 0 | 1, file: string): Promise<{ status: number; text: string }> {
    const url = `http://${HOSTNAME}:${this.#ports[thread]}/cast/demo/${file}`;
    const response = await fetch(url, { client: this.#client });
    return { status: response.status, text: await response.text() };
  }

  /** What the first thread has, once that is the newest version. */
  async newest(): Promise<SeenLowPlaylist> {
    const own = this.#broadcast.hls.find("demo")?.low.playlist(MEDIA);
    return await until("the thread has it", async () => {
      const { text } = await this.get(0, MEDIA);
      return text === new TextDecoder().decode(own?.text) && parseLowPlaylist(text);
    });
  }

  async closeThreads(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeThreads();
    this.#client.close();
    await this.#broadcast.stop();
  }
}

function newThread(distributor: Pick<Distributor, "connect">, port = 0): HttpThread {
  const counts = new ConnectionLimits({
    maxConnections: 100,
    maxPerAddress: 100,
    maxTogether: 100,
    proxies: new TrustedProxies([]),
  }).addThreads("hls");
  return new HttpThread({
    clock: systemClock,
    settings: {
      addr: { hostname: HOSTNAME, port },
      ...{ path: "cast", index: true, rootDir: "hls", preroll: NO_PREROLL },
      entrance: { originSecret: undefined, tokens: undefined },
    },
    ...{ distributor, counts, keys: undefined },
    shows: { status: (name) => ({ ...OFF_AIR, name }), current: [], watchEnds: () => () => {} },
    levels: () => ({ own: null, access: false, maxLines: 0 }),
    onPulse: () => {},
    onLines: () => {},
  });
}

Deno.test("what one thread has listed or hinted at is there on a thread that lags", async () => {
  await using threads = await Threads.start();
  await threads.goOnAir();
  threads.late.hold();
  await threads.play(250);
  const { hint = "", ...playlist } = await threads.newest();
  const last = playlist.segments.flatMap(({ parts }) => parts).at(-1)?.uri;
  const listed = [...filesOf({ hint, ...playlist }), reloadFor(last)];
  const others = [later(hint, 1), reloadFor(later(hint, 3))];
  const asked = [...listed, ...others].map((file) => threads.get(1, file));
  const next = [hint, reloadFor(hint)].map((file) => threads.get(1, file));
  await until(
    "the thread has asked whether that is all",
    () => threads.late.held.includes("caughtUp"),
  );
  threads.late.release();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.deepEqual(statuses, [...listed.map(() => 200), 404, 400]);
  await threads.play(16);
  assert.deepEqual((await Promise.all(next)).map(({ status }) => status), [200, 200]);
});

Deno.test("a broadcast that one thread serves is there on a thread that does not know it yet", async () => {
  await using threads = await Threads.start();
  threads.late.hold();
  await threads.play(200);
  await until("the other one serves it", async () => (await threads.get(0, MEDIA)).status === 200);
  const { hint = "", ...playlist } = await threads.newest();
  const files = ["low.m3u8", MEDIA, ...filesOf({ hint, ...playlist })];
  const asked = files.map((file) => threads.get(1, file));
  await until("the thread has asked", () => threads.late.held.includes("caughtUp"));
  threads.late.release();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.deepEqual(statuses, files.map(() => 200));
});

Deno.test("a thread that lags ends although it has no answer to its question", async () => {
  await using threads = await Threads.start();
  await threads.goOnAir();
  threads.late.hold();
  const { hint } = await threads.newest();
  const asked = threads.get(1, reloadFor(later(hint, 3)));
  await until("the thread has asked", () => threads.late.held.includes("caughtUp"));
  await threads.closeThreads();
  assert.equal((await asked).status, 503);
});
