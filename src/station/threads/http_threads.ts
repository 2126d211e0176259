/**
 * Threads that serve listeners, so that no listener keeps the thread with the broadcasts from its
 * work. All of them listen on one port, and the system gives each a part of the connections.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Distributor } from "../../hls/distributor.ts";
import type { Listeners } from "../../hls/listeners.ts";
import type { StreamSource } from "../../hls/progressive/progressive_streams.ts";
import type { ThreadCounts } from "../../http/connection_limits.ts";
import type { ListenAddress } from "../../http/http_server.ts";
import {
  isShortage,
  type KeptSocket,
  type ListeningSockets,
} from "../../listening/listening_sockets.ts";
import type { Shows, ShowsSource } from "../../pages/listener/shows.ts";
import type { Rewinds } from "../../record/rewind/rewinds.ts";
import type { Clock, Timer } from "../../session/clock.ts";
import type { KeySet } from "../../tokens/key_set.ts";
import type { RequestDurations } from "../../web/request_durations.ts";
import { attemptToListen, tellListening } from "../listen.ts";
import type { FilesElsewhere } from "./elsewhere_questions.ts";
import { HttpThread } from "./http_thread.ts";
import type { LendableSocket } from "./lent_sockets.ts";
import { ACCESS_LOG, type LogLevels, type Pulse, type ThreadSettings } from "./messages.ts";
import type { SecureThread } from "./secure_thread.ts";

export interface HttpThreadsOptions {
  readonly clock: Clock;
  /** How many. */
  readonly count: number;
  /** What people call what they serve. */
  readonly what: string;
  readonly addr: ListenAddress;
  readonly settings: Omit<ThreadSettings, "addr" | "counts" | "levels" | "secure" | "keySet">;
  /** What listeners' tokens are checked with; `undefined` where they need none. */
  readonly keys: Pick<KeySet, "keys" | "renew" | "watch"> | undefined;
  readonly distributor: Distributor;
  /** `undefined` where there are none. */
  readonly streams?: Pick<StreamSource, "connect"> | undefined;
  readonly shows: ShowsSource & Pick<Shows, "watchEnds">;
  /** `undefined` where shows are not rewound. */
  readonly rewinds?: Pick<Rewinds, "news"> | undefined;
  /** What other boxes have; `undefined` where there are none. */
  readonly elsewhere?: FilesElsewhere | undefined;
  readonly sockets: ListeningSockets;
  readonly counts: ThreadCounts;
  readonly listeners: Pick<Listeners, "fetched" | "addStreams">;
  /** Takes how long answers took. */
  readonly durations: RequestDurations;
  /** Where they listen with TLS too, and what people call that; `undefined`: nowhere. */
  readonly secure?: (SecureThread & { readonly what: string }) | undefined;
}

/** Starts threads, starts them again where they end, and adds up what they count. */
export class HttpThreads {
  readonly #options: HttpThreadsOptions;
  readonly #addr: ListenAddress;
  readonly #secure: HttpThreadsOptions["secure"];
  readonly #threads: readonly HttpThread[];
  readonly #sockets: readonly KeptSocket[];
  readonly #timer: Timer;
  #levels: LogLevels;
  /** When one of them was seen to serve listeners last, on `Clock.awake`. */
  #servedAt: number;

  /**
   * Starts them; they listen a moment later.
   * @throws {Error} that says what could not be done, where nobody may listen there
   */
  constructor(options: HttpThreadsOptions) {
    const { clock, count, what, sockets } = options;
    this.#options = options;
    this.#servedAt = clock.awake();
    this.#levels = logLevels(count);
    this.#addr = attemptToListen(options.addr, what, () => freeAddress(options.addr));
    this.#secure = this.#secureAddress(options.secure);
    this.#threads = Array.from({ length: count }, () => this.#newThread());
    this.#sockets = this.#threads.map((thread, i) =>
      attemptToListen(this.#addr, what, (address) => {
        const thisOne = `${what}, thread ${i + 1} of ${count},`;
        const kept = { kind: "hls", what: thisOne, address, noRestart: true };
        return sockets.keep({ ...kept, open: (onEnd) => thread.start(onEnd) });
      })
    );
    this.#secure?.certificate.onReplaced(() => {
      for (const thread of this.#threads) thread.renewCertificate();
    });
    options.keys?.watch(() => {
      for (const thread of this.#threads) thread.tellKeys();
    });
    options.listeners.addStreams(() => this.#pulses.map(({ streams }) => streams));
    this.#timer = clock.every(CHECK_MS, () => this.#check());
  }

  /**
   * Resolves when all of them listen.
   * @throws {Error} that says what could not be done
   */
  async listening(): Promise<void> {
    const { what } = this.#options;
    try {
      await Promise.all(this.#threads.map(({ listening }) => listening));
    } catch (error) {
      attemptToListen(this.#addr, what, () => {
        throw error;
      });
    }
    tellListening(this.#addr, what);
    if (this.#secure !== undefined) tellListening(this.#secure.addr, this.#secure.what);
  }

  /**
   * Has the thread that has the fewest of them send to a receiver that came by another door.
   * @returns whether one does
   */
  lend(socket: LendableSocket): boolean {
    const [least] = this.#threads.filter(({ isServing }) => isServing)
      .sort((a, b) => a.lent - b.lent);
    return least?.lend(socket) ?? false;
  }

  /** How many of them serve listeners now. */
  get serving(): number {
    return this.#threads.filter(({ isServing }) => isServing).length;
  }

  /** How late the latest of them is with its work, in milliseconds. */
  get lateMs(): number {
    return Math.max(...this.#pulses.map(({ lateMs }) => lateMs), 0);
  }

  /** How often one of them had to listen again by itself. */
  get restarts(): number {
    return this.#threads.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** What is wrong, as sentences. */
  get problems(): string[] {
    return this.#pulses.flatMap(({ problems }) => problems);
  }

  /**
   * Whether none of them could serve listeners for a minute, other than because file descriptors are
   * short: see {@link ListeningSockets.lost}.
   */
  get lost(): boolean {
    if (this.#options.clock.waited(this.#servedAt) < LOST_MS) return false;
    const ends = this.#sockets.flatMap(({ problem }) => problem ?? []);
    return ![...ends, ...this.problems].some(isShortage);
  }

  /** Whether somebody was turned away a moment ago because all connections were taken. */
  get isFull(): boolean {
    return this.#pulses.some(({ isFull }) => isFull);
  }

  /** Lets answers under way finish, for a moment, and ends all threads. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    this.#timer.cancel();
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  get #pulses(): Pulse[] {
    return this.#threads.flatMap(({ pulse }) => pulse ?? []);
  }

  #secureAddress(secure: HttpThreadsOptions["secure"]): HttpThreadsOptions["secure"] {
    if (secure === undefined) return undefined;
    const { addr, what } = secure;
    return { ...secure, addr: attemptToListen(addr, what, () => freeAddress(addr)) };
  }

  #newThread(): HttpThread {
    const { clock, distributor, streams, shows, rewinds, elsewhere, counts, keys, settings } =
      this.#options;
    return new HttpThread({
      ...{ clock, distributor, streams, shows, rewinds, elsewhere, counts, keys },
      settings: { ...settings, addr: this.#addr },
      secure: this.#secure,
      levels: () => this.#levels,
      onPulse: (pulse) => this.#add(pulse),
      onLines: (lines) => {
        for (const { category, text, ...line } of lines) {
          getLogger([...category]).emit({
            ...line,
            message: [text],
            rawMessage: text,
            properties: {},
          });
        }
      },
    });
  }

  #add({ fetches, answers }: Pulse): void {
    const { listeners, durations } = this.#options;
    for (const { name, file, count } of fetches) listeners.fetched(name, file, count);
    for (const counted of answers) durations.add(counted);
  }

  #check(): void {
    for (const thread of this.#threads) thread.check();
    if (this.serving > 0) this.#servedAt = this.#options.clock.awake();
    const before = this.#levels;
    this.#levels = logLevels(this.#threads.length);
    const { own, access } = this.#levels;
    if (own === before.own && access === before.access) return;
    for (const thread of this.#threads) thread.log(this.#levels);
  }
}

/**
 * An address at which nobody listens, with the port that the system chose where it is 0. Threads
 * would share it with another server without a word.
 * @throws {Deno.errors.AddrInUse}
 */
function freeAddress({ hostname, port }: ListenAddress): ListenAddress {
  using listener = Deno.listen({ hostname, port });
  return { hostname, port: listener.addr.port };
}

/** What the log takes now, of each of `count` threads. */
function logLevels(count: number): LogLevels {
  const own = getLogger(["echo", "hls"]);
  const levels = ["trace", "debug", "info", "warning", "error", "fatal"] as const;
  return {
    own: levels.find((level) => own.isEnabledFor(level)) ?? null,
    access: getLogger([ACCESS_LOG]).isEnabledFor("info"),
    maxLines: Math.ceil(MAX_LINES / count),
  };
}

/** Lines that all threads may send at a time. To write them takes a few milliseconds. */
const MAX_LINES = 1000;
/** How often it is looked whether the threads are alive, and what the log takes. */
const CHECK_MS = 1000;
/** How long all of them may fail before the server needs help. */
const LOST_MS = 60_000;
