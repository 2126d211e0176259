/**
 * A connection to a Redis, made again whenever it is lost. Whatever goes wrong on it ends it: so no
 * call that nobody waits for any more stays in it.
 *
 * @module
 */
import type { Clock, Timer } from "../../session/clock.ts";
import { RegistryUnavailable } from "../registry.ts";
import {
  connectTo,
  type RedisConnection,
  redisProblem,
  type RedisServers,
} from "./redis_connection.ts";
import type { RedisScript } from "./scripts.ts";
import { within } from "./within.ts";

export interface RedisLinkOptions {
  readonly clock: Clock;
  readonly servers: RedisServers;
}

/** A connection to a Redis that is made again. */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  #connection: RedisConnection | undefined;
  #connections = 0;
  #failures = 0;
  /** Why there is no connection. */
  #why = "It has not been reached yet";
  #retry: Timer | undefined;
  #connecting: Promise<void>;
  #isClosed = false;

  /** Begins to connect. */
  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#connecting = this.#connect();
  }

  /** How many connections there were: it goes up with each. */
  get connections(): number {
    return this.#connections;
  }

  /**
   * Runs a script.
   * @throws {RegistryUnavailable} at once where there is no connection, and where no answer comes within
   *   {@link ANSWER_MS}, or an error
   */
  async run(script: RedisScript, args: readonly string[]): Promise<RedisAnswer> {
    // The first calls come before there can be a connection.
    if (this.#connections === 0) await this.#connecting;
    const [connection, by] = [this.#connection, this.#connections];
    if (connection === undefined) throw new RegistryUnavailable(this.#why);
    try {
      const { clock } = this.#options;
      const value = await within(ANSWER_MS, clock, () => evaluate(connection, script, args));
      this.#failures = 0;
      return { value, by };
    } catch (error) {
      this.#lose(connection, redisProblem(error));
      throw new RegistryUnavailable(redisProblem(error), { cause: error });
    }
  }

  /** Ends the connection, and makes no other. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#connection?.close();
    await this.#connecting;
  }

  async #connect(): Promise<void> {
    const { clock, servers } = this.#options;
    try {
      const lost = (connection: RedisConnection, error: unknown) => {
        this.#lose(connection, redisProblem(error));
      };
      const connection = await connectTo(servers, { clock, timeoutMs: CONNECT_MS, lost });
      if (this.#isClosed) return connection.close();
      this.#connection = connection;
      this.#connections++;
    } catch (error) {
      this.#why = redisProblem(error);
      this.#tryAgain();
    }
  }

  #lose(connection: RedisConnection, why: string): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#why = why;
    connection.close();
    this.#tryAgain();
  }

  #tryAgain(): void {
    if (this.#isClosed) return;
    const ms = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS);
    // So that boxes that lost it together do not come back together.
    this.#retry = this.#options.clock.after(ms * (0.5 + Math.random() / 2), () => {
      this.#connecting = this.#connect();
    });
  }
}

/** What a script answered. */
export interface RedisAnswer {
  /** As it came. */
  readonly value: unknown;
  /** The connection by which it came, as {@link RedisLink.connections} counts. */
  readonly by: number;
}

/** How long an answer may take. */
export const ANSWER_MS = 1000;

/** Runs a script by its name, and tells Redis the script where it has not got it. */
async function evaluate(
  { send }: RedisConnection,
  { sha1, text }: RedisScript,
  args: readonly string[],
): Promise<unknown> {
  try {
    return await send(["EVALSHA", sha1, "1", KEY, ...args]);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return await send(["EVAL", text, "1", KEY, ...args]);
  }
}

/** All keys have its hash tag. */
const KEY = "{echo}:boxes";

const CONNECT_MS = 1000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;
