/**
 * The listener page in each browser goes on by itself after every outage. `PAGE_ROUNDS` says how
 * often.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import type { Engine } from "../../testing/players/engines/engine.ts";
import { ENGINE_KINDS, startEngine } from "../../testing/players/engines/engines.ts";
import { Media, PersistentEncoder } from "../../testing/e2e/ffmpeg_encoder.ts";
import { PageListener } from "../../testing/players/page_listener.ts";
import { keepScreenshot } from "../../testing/players/page_visits.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

/** One for the gate; `deno task test:page` has more. */
const ROUNDS = Number(Deno.env.get("PAGE_ROUNDS") ?? 1);
/** In the gate it counts that the page goes on, not how fast: the machine has other tests to run. */
const IS_MEASURED = ROUNDS > 1;
const AWAY_MS = 8000;
/** The player itself gets over the shorter one; in the gate there is only what the page has to do. */
const RESTARTS_MS = IS_MEASURED ? [2000, 6000] : [6000];
const BETWEEN_SHOWS_MS = 5000;
/** More than any page has loaded, so that what is heard after so long has come meanwhile. */
const SECONDS_LOADED = 10;
/** Beyond the outage itself, what a listener may miss. */
const MAX_MORE_MS = 2000;

/** What keeps a show from its listeners: from when there was no audio, until there was again. */
interface Outage {
  readonly name: string;
  readonly happen: (studio: Studio, round: number) => Promise<number>;
}

/** Not in the gate: there is no DJ for a while in the other outages, too. */
const ABSENCE: Outage = {
  name: `the DJ is away for ${AWAY_MS / 1000} s`,
  happen: (studio) => studio.leave(AWAY_MS),
};

const OUTAGES: readonly Outage[] = [
  ...IS_MEASURED ? [ABSENCE] : [],
  ...RESTARTS_MS.map((ms): Outage => ({
    name: `the server is back after ${ms / 1000} s`,
    // In turns as by a crash, and by an update.
    happen: (studio, round) => studio.restart(round % 2 === 0 ? "SIGKILL" : "SIGTERM", ms),
  })),
  { name: "the next show begins", happen: (studio) => studio.begin(BETWEEN_SHOWS_MS) },
];

interface Measured {
  readonly outage: string;
  readonly kind: string;
  readonly moreMs: number;
  readonly silentMs: number;
}

scenario("whoever listens on the page goes on by itself after every outage", async () => {
  await using media = await Media.create();
  await using server = await EchoServer.start();
  await using studio = new Studio(
    server,
    await media.encode("clip", { seconds: 10, times: 24 }),
  );
  await using stack = new AsyncDisposableStack();
  const motion = IS_MEASURED ? "moving" : "still";
  const engines = await together(ENGINE_KINDS, async (kind) => {
    return stack.use(await startEngine(kind, { motion }));
  });
  const measured: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    measured.push(...await listenThrough(studio, engines, round));
  }
  console.log(table(measured));
  if (!IS_MEASURED) return;
  assert.deepEqual(measured.filter(({ moreMs }) => moreMs > MAX_MORE_MS), []);
});

async function listenThrough(studio: Studio, engines: readonly Engine[], round: number) {
  await until("the show can be heard", () => studio.isHeard());
  const listeners = await together(engines, async (engine) => {
    const listener = await PageListener.sit(engine, studio.page);
    await until(`${engine.kind} plays low latency`, () => listener.asksForParts());
    await keepScreenshot(`listener-${engine.kind}`, await engine.screenshot());
    return listener;
  });
  const measured: Measured[] = [];
  for (const { name, happen } of OUTAGES) {
    await together(listeners, (listener) => listener.mark());
    const outageMs = await happen(studio, round);
    await together(listeners, async (listener) => {
      const { kind } = listener.engine;
      const { silentMs, standstillMs } = await silence(listener);
      const moreMs = silentMs - standstillMs - outageMs;
      const form = await listener.asksForParts() ? "low latency" : "the ordinary playlist";
      measured.push({ outage: name, kind, silentMs, moreMs });
      console.log(
        `${round + 1}: ${name}, ${Math.round(outageMs)} ms: ${kind} was silent for ` +
          `${Math.round(silentMs)} ms, stood still for ${Math.round(standstillMs)} ms; it has ` +
          `played ${form}`,
      );
    });
  }
  return measured;
}

/** How long it was silent, once it is over; for good where the page did not come back. */
async function silence(listener: PageListener) {
  await listener.listenAnew();
  try {
    await listener.hears(SECONDS_LOADED);
  } catch (error) {
    console.log(String(error));
    return { silentMs: Infinity, standstillMs: 0 };
  }
  return await listener.heard();
}

/** A DJ and the server, and what can happen to them. */
class Studio implements AsyncDisposable {
  readonly #server: EchoServer;
  readonly #clip: string;
  #encoder: PersistentEncoder;

  constructor(server: EchoServer, clip: string) {
    this.#server = server;
    this.#clip = clip;
    this.#encoder = this.#publish();
  }

  get page(): string {
    return `http://127.0.0.1:${this.#server.hlsPort}/cast/demo/`;
  }

  async isHeard(): Promise<boolean> {
    const response = await fetch(this.#server.playlistUrl("demo"));
    const playlist = await response.text();
    return response.ok && playlist.split("#EXTINF").length > 8;
  }

  /** The DJ's connection is lost for a while. */
  async leave(ms: number): Promise<number> {
    return await this.#withoutAudio(async () => {
      await this.#encoder[Symbol.asyncDispose]();
      await pause(ms);
      this.#encoder = this.#publish();
    });
  }

  /** The server ends, and is started again after a while. */
  async restart(signal: Deno.Signal, ms: number): Promise<number> {
    return await this.#withoutAudio(async () => {
      await this.#server.stop(signal);
      await pause(ms);
      await this.#server.startAgain();
    });
  }

  /** The show is ended, and another begins after a while. */
  async begin(ms: number): Promise<number> {
    const sessions = `http://127.0.0.1:${this.#server.statPort}/stat/1/sessions`;
    const [id] = await (await fetch(sessions)).json();
    return await this.#withoutAudio(async () => {
      const [{ status }] = await Promise.all([
        fetch(`${sessions}/${id}`, { method: "DELETE" }),
        this.#encoder[Symbol.asyncDispose](),
      ]);
      assert.equal(status, 204);
      await pause(ms);
      this.#encoder = this.#publish();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#encoder[Symbol.asyncDispose]();
  }

  /** @returns how long there was none, in milliseconds */
  async #withoutAudio(happen: () => Promise<void>): Promise<number> {
    const before = this.#timesOnAir;
    const since = performance.now();
    await happen();
    await until("the DJ is on air again", () => this.#timesOnAir > before);
    return performance.now() - since;
  }

  get #timesOnAir(): number {
    return this.#server.log.filter((line) => / on air (again )?by rtmp/.test(line)).length;
  }

  #publish(): PersistentEncoder {
    return new PersistentEncoder(this.#clip, this.#server.rtmpUrl("live/demo"));
  }
}

/** The least, the middle and the most of what each engine was silent for at each outage. */
function table(measured: readonly Measured[]): string {
  const rows = Map.groupBy(measured, ({ outage, kind }) => `${outage}, ${kind}`);
  return [...rows].map(([row, values]) => {
    const show = (sorted: number[]) =>
      [0, sorted.length >> 1, sorted.length - 1].map((i) => Math.round(sorted[i] ?? 0)).join(" / ");
    const silent = show(values.map(({ silentMs }) => silentMs).sort((a, b) => a - b));
    const more = show(values.map(({ moreMs }) => moreMs).sort((a, b) => a - b));
    return `${row}: silent for ${silent} ms, longer than the outage by ${more} ms`;
  }).join("\n");
}
