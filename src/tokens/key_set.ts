/** The key set that tokens are checked with: where it comes from, and how it is kept up to date. */
import { getLogger } from "@logtape/logtape";
import { readSmallTextFile } from "../disk/small_file.ts";
import type { Clock, Timer } from "../session/clock.ts";
import { readAtMost } from "../web/read_at_most.ts";
import { readSigningKeys, type SigningKeys } from "./signing_keys.ts";

/** What gives the keys that tokens are checked with. */
export interface KeySource {
  /** The same object as long as they stay the same; `undefined` where there are none so far. */
  readonly keys: SigningKeys | undefined;
  /** Resolves once it has been looked for newer ones, or where that was done a moment ago. */
  renew(): Promise<void>;
}

/** Where a key set is read from. */
export interface KeySetPlace {
  /** What people call it; nothing in it is secret. */
  readonly name: string;
  /** Reads it. Rejects where it cannot be had. */
  read(signal: AbortSignal): Promise<string>;
}

export interface KeySetOptions {
  readonly clock: Pick<Clock, "monotonic" | "after" | "every">;
  readonly place: KeySetPlace;
}

/**
 * The key set. It is read again every few minutes, and where a token names a key that is not in it.
 * Where that fails, the keys that there were stay.
 */
export class KeySet implements KeySource {
  readonly #options: KeySetOptions;
  readonly #timer: Timer;
  readonly #watchers = new Set<(keys: SigningKeys) => void>();
  #keys: SigningKeys | undefined;
  #problem: string | undefined;
  /** What was logged of it. */
  #told: string | undefined;
  #reading: Promise<void> | undefined;
  /** When it was begun to read it last, on `Clock.monotonic`. */
  #readAt = -Infinity;

  /** Nothing is read yet: see {@link renew}. */
  constructor(options: KeySetOptions) {
    this.#options = options;
    this.#timer = options.clock.every(REFRESH_MS, () => void this.renew());
  }

  get keys(): SigningKeys | undefined {
    return this.#keys;
  }

  /** Why it could not be read last, as a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Tells `watcher` of other keys, each time that there are any. */
  watch(watcher: (keys: SigningKeys) => void): void {
    this.#watchers.add(watcher);
  }

  renew(): Promise<void> {
    const now = this.#options.clock.monotonic();
    if (this.#reading !== undefined) return this.#reading;
    if (now - this.#readAt < PAUSE_MS) return Promise.resolve();
    this.#readAt = now;
    this.#reading = this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  /**
   * Reads it now, however short ago that was done: it may have changed since. A problem is logged
   * also where it is known.
   */
  async reread(): Promise<void> {
    await this.#reading;
    this.#told = undefined;
    this.#readAt = -Infinity;
    await this.renew();
  }

  close(): void {
    this.#timer.cancel();
    this.#watchers.clear();
  }

  async #read(): Promise<void> {
    const { clock, place } = this.#options;
    const late = new AbortController();
    const timer = clock.after(TIMEOUT_MS, () => {
      late.abort(new Error(`no answer within ${TIMEOUT_MS / 1000} s`));
    });
    try {
      this.#take(await place.read(late.signal));
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    } finally {
      timer.cancel();
    }
  }

  #take(text: string): void {
    const { name } = this.#options.place;
    if (text !== this.#keys?.text) {
      const keys = this.#keys = readSigningKeys(text);
      logger.info("The key set of {place} is in force", { place: name });
      for (const watcher of this.#watchers) watcher(keys);
    } else if (this.#problem !== undefined) {
      logger.info("The key set of {place} can be read again", { place: name });
    }
    this.#problem = this.#told = undefined;
  }

  #fail(why: string): void {
    const { name } = this.#options.place;
    const kept = this.#keys === undefined ? "no token counts" : "the keys that there were stay";
    const problem = `The key set of ${name} cannot be read, ${kept}: ${why}`;
    if (problem !== this.#told) {
      const level = this.#keys === undefined ? "error" : "warning";
      logger[level]("{problem}", { problem });
    }
    this.#problem = this.#told = problem;
  }
}

/** A key set at a URL, which may hold a secret. */
export function keySetAtUrl(url: string): KeySetPlace {
  const { host } = new URL(url);
  return {
    name: host,
    async read(signal) {
      const answer = await fetchFrom(url, host, signal);
      if (!answer.ok) {
        await answer.body?.cancel();
        throw new Error(`expected status 200, got ${answer.status}`);
      }
      const bytes = answer.body === null ? "" : await readAtMost(answer.body, MAX_BYTES);
      if (bytes === undefined) throw new Error(`it is larger than ${MAX_BYTES / 1024} KiB`);
      return typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
    },
  };
}

/** A key set in a file. */
export function keySetInFile(path: string): KeySetPlace {
  return { name: path, read: () => readSmallTextFile(path, MAX_BYTES) };
}

/** The messages of `fetch` have the URL in them. A redirect could lead from HTTPS to HTTP. */
async function fetchFrom(url: string, host: string, signal: AbortSignal): Promise<Response> {
  const headers = { Accept: "application/json" };
  try {
    return await fetch(url, { headers, redirect: "manual", signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    logger.debug("Cannot reach {host}: {error}", { host, error: withoutUrl(error, url) });
    throw new Error(`${host} cannot be reached`);
  }
}

function withoutUrl(error: unknown, url: string): string {
  return String(error).replaceAll(url, "…");
}

/** It is read again so often, so that keys that were taken out of it count no longer. */
const REFRESH_MS = 300_000;
/** Whoever shows tokens with unknown keys has it read no more often. */
const PAUSE_MS = 10_000;
const TIMEOUT_MS = 5000;
const MAX_BYTES = 262_144;

const logger = getLogger(["echo", "tokens"]);
