/** The whole server in one process, on a clock that is moved by hand, for replays. */
import type { SrtAddress } from "../../ffi/srt.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Station } from "../../src/station.ts";
import { FakeClock } from "../fake_clock.ts";
import { freePorts } from "../free_ports.ts";
import { until } from "../until.ts";
import { DiskWatch, turn } from "./disk_watch.ts";

const HOSTNAME = "127.0.0.1";
/** So many turns of the event loop a frame may take before it is waited for patiently. */
const SOON_TURNS = 50;
/** A start or a stop takes so long, however fast the sockets are: in milliseconds. */
const SETTLE_MS = 5000;
/** The wall time at which each replay begins. */
const START = Date.UTC(2026, 0, 1);

/** What a replay's server is given. */
export interface ReplayOptions {
  /** What the lines it prints begin with. */
  readonly label: string;
  /** Environment variables beside those of ports and folders. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The whole server in this process, with time moved by hand. It prints a line for everything that
 * somebody outside could have seen of it: each version of each playlist, each segment, each event,
 * each recording.
 */
export class ReplayedServer implements AsyncDisposable {
  readonly #label: string;
  readonly #folder: string;
  readonly #ports: readonly number[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #clock = new FakeClock(START);
  readonly #disk = new DiskWatch();
  readonly #names = new Set<string>();
  readonly #seen = new Map<string, string>();
  /** Events that are still to be printed. */
  readonly #happened: string[] = [];
  #station: Station | undefined;

  private constructor({ label, env = {} }: ReplayOptions, folder: string, ports: number[]) {
    this.#label = label;
    this.#env = env;
    this.#folder = folder;
    this.#ports = ports;
  }

  /** Starts the server in a folder of its own. */
  static async start(options: ReplayOptions): Promise<ReplayedServer> {
    const folder = await Deno.makeTempDir({ prefix: "echo-replay-" });
    const server = new ReplayedServer(options, folder, freePorts(5));
    await server.startAgain();
    return server;
  }

  get rtmp(): { hostname: string; port: number } {
    return { hostname: HOSTNAME, port: this.#ports[0] ?? 0 };
  }

  get srt(): SrtAddress {
    return { hostname: HOSTNAME, port: this.#ports[1] ?? 0 };
  }

  /** Asks the control API. */
  async control(method: string, path: string, body: unknown, cookie?: string): Promise<Response> {
    const headers = new Headers({ "Content-Type": "application/json" });
    if (cookie !== undefined) headers.set("Cookie", cookie);
    const url = `http://${HOSTNAME}:${this.#ports[2]}${path}`;
    const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
    this.#print(`control ${method} ${path} ${answer.status}`);
    return answer;
  }

  /** Starts the server once more, after {@link stop}. */
  async startAgain(): Promise<void> {
    const { config } = loadConfig({ ...this.#places(), ...this.#env });
    const starting = Station.start(config, this.#clock);
    await this.#settle(starting);
    this.#station = await starting;
    this.#station.events.subscribe(({ kind, at, ...event }) => {
      const details = JSON.stringify({ ...event, at: at - START });
      this.#happened.push(`event ${kind} ${details.replaceAll(this.#folder, "")}`);
    });
  }

  /** Stops it as a signal does. */
  async stop(): Promise<void> {
    const stopping = this.#station?.stop() ?? Promise.resolve();
    this.#station = undefined;
    await this.#settle(stopping);
  }

  /** From now on, what is served under `name` is looked at. */
  watch(name: string): void {
    this.#names.add(name);
  }

  /** Resolves once `count` frames of the session of `name` have arrived. */
  async arrived(name: string, count: number): Promise<void> {
    const arrived = () => this.#station?.sessions.find(name)?.quality.total_count ?? 0;
    for (let turns = 0; turns < SOON_TURNS && arrived() < count; turns++) await turn();
    await until(`frame ${count} of ${name} has arrived`, () => arrived() >= count);
    await this.#disk.idle();
  }

  /** Resolves once the session of `name` has a connection. */
  async connected(name: string): Promise<void> {
    await until(`${name} has a connection`, () => {
      return this.#station?.sessions.find(name)?.transport !== undefined;
    });
    await this.#disk.idle();
  }

  /** Resolves once the session of `name` has no connection. */
  async disconnected(name: string): Promise<void> {
    await until(`the connection of ${name} has ended`, () => {
      return this.#station?.sessions.find(name)?.transport === undefined;
    });
    await this.#disk.idle();
  }

  /** Lets time pass, a little at a time, and looks at what is served. */
  async pass(ms: number, step: number = ms): Promise<void> {
    for (let left = ms; left > 1e-6; left -= step) {
      await this.#clock.advance(Math.min(step, left));
      await this.#disk.idle();
      await this.#look();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#tellEvents();
    try {
      await this.#tellFiles("output/record");
    } finally {
      await Deno.remove(this.#folder, { recursive: true });
    }
  }

  #places(): Record<string, string> {
    const [rtmp, srt, control, hls, stat] = this.#ports.map((port) => `${HOSTNAME}:${port}`);
    return {
      RTMP_ADDR: `${rtmp}`,
      ECHO_SRT_ADDR: `${srt}`,
      ECHO_ADDR: `${control}`,
      HLS_WEB_ADDR: `${hls}`,
      STAT_WEB_ADDR: `${stat}`,
      ECHO_PRIV_KEY: "0123456789abcdef0123456789abcdef",
      ECHO_SRT_LATENCY: "0.01",
      // Other threads have a clock of their own, which does not move with this one.
      HLS_WEB_THREADS: "0",
      HLS_ROOT_DIR: `${this.#folder}/output/hls`,
      RECORD_ROOT_DIR: `${this.#folder}/output/record`,
      STAT_REPORT_DIR: `${this.#folder}/output/reports`,
    };
  }

  /**
   * Moves time for what waits for it, until `work` is done, and then until {@link SETTLE_MS} have
   * passed: nobody can tell how long the network takes.
   */
  async #settle(work: Promise<unknown>): Promise<void> {
    const endAt = this.#clock.monotonic() + SETTLE_MS;
    let done = false;
    const end = work.finally(() => done = true);
    while (!done) {
      await this.#disk.idle();
      if (!done) await this.#clock.advance(1);
    }
    await end;
    const leftMs = endAt - this.#clock.monotonic();
    if (leftMs < 0) throw new Error("Cannot replay: a start or a stop takes too long");
    await this.#clock.advance(leftMs);
    await this.#disk.idle();
  }

  /** Prints what is served now and was not before. */
  async #look(): Promise<void> {
    this.#tellEvents();
    for (const name of this.#names) {
      const playlist = await this.#fetch(`/cast/${name}/playlist.m3u8`);
      const text = playlist === undefined ? "none" : new TextDecoder().decode(playlist);
      if (this.#seen.get(name) === text) continue;
      this.#seen.set(name, text);
      this.#print(`playlist ${name}\n${text.trimEnd()}`);
      for (const line of text.split("\n")) {
        if (line === "" || line.startsWith("#") || line === "none") continue;
        await this.#tellSegment(line.startsWith("/") ? line : `/cast/${name}/${line}`);
      }
    }
  }

  async #tellSegment(path: string): Promise<void> {
    if (this.#seen.has(path)) return;
    const bytes = await this.#fetch(path);
    this.#seen.set(path, "");
    this.#print(`segment ${path} ${await digest(bytes)}`);
  }

  async #fetch(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const answer = await fetch(`http://${HOSTNAME}:${this.#ports[3]}${path}`);
    const bytes = await answer.bytes();
    return answer.ok ? bytes : undefined;
  }

  async #tellFiles(folder: string): Promise<void> {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(`${this.#folder}/${folder}`)) names.push(name);
    for (const name of names.sort()) {
      const bytes = await Deno.readFile(`${this.#folder}/${folder}/${name}`);
      this.#print(`file ${folder}/${name} ${await digest(bytes)}`);
    }
  }

  /** In an order of their own: the disk decides which of two outputs is first. */
  #tellEvents(): void {
    for (const line of this.#happened.splice(0).sort()) this.#print(line);
  }

  #print(line: string): void {
    const at = (this.#clock.monotonic() / 1000).toFixed(3);
    console.log(`${this.#label} ${at} ${line}`);
  }
}

async function digest(bytes: Uint8Array<ArrayBuffer> | undefined): Promise<string> {
  if (bytes === undefined) return "none";
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return `${bytes.length} bytes ${hash}`;
}
