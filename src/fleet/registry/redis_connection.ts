/** Connects to a Redis, for which Sentinels may have to be asked. */
import { z } from "zod";
import type { Clock } from "../../session/clock.ts";
import { within } from "./within.ts";

/** Where a Redis is, and how it is entered. */
export interface RedisServers {
  /** The Redis; or, with `masterName`, the Sentinels that know where it is. */
  readonly hosts: readonly RedisHost[];
  /** How Sentinels name it; `undefined` where there are none. */
  readonly masterName: string | undefined;
  readonly tls: boolean;
  /** Of the Redis; Sentinels are asked without. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

/** One server. */
export interface RedisHost {
  readonly hostname: string;
  readonly port: number;
}

/** A connection that is open. */
export interface RedisConnection {
  /** Sends a command, and gives its answer. Rejects once the connection has ended. */
  send(command: readonly string[]): Promise<unknown>;
  close(): void;
}

export interface ConnectOptions {
  readonly clock: Clock;
  /** How long each server may take. */
  readonly timeoutMs: number;
  /** Called where the connection ends by itself, once it was open. */
  readonly lost: (connection: RedisConnection, error: unknown) => void;
}

/**
 * Connects to the Redis.
 * @throws {Error} where that is not possible in time
 */
export async function connectTo(
  servers: RedisServers,
  options: ConnectOptions,
): Promise<RedisConnection> {
  const { hosts, masterName } = servers;
  if (masterName === undefined) return await connectToAny(hosts, servers, options);
  const masters = await askSentinels(hosts, masterName, options);
  return await connectToAny(masters, servers, options);
}

/** What is wrong with a Redis, of which there may be several. */
export function redisProblem(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(redisProblem).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** Connects to the first of `hosts` that is a master. */
async function connectToAny(
  hosts: readonly RedisHost[],
  { tls, username, password, database }: RedisServers,
  options: ConnectOptions,
): Promise<RedisConnection> {
  const errors: unknown[] = [];
  for (const host of hosts) {
    try {
      const connection = await connect({ host, tls, username, password, database }, options);
      const role = await roleOf(connection, options);
      if (role === "master") return connection;
      connection.close();
      throw new Error(`${host.hostname}:${host.port} is no master, but ${role}`);
    } catch (error) {
      errors.push(error);
    }
  }
  throw new AggregateError(errors, "Cannot connect to a Redis");
}

async function roleOf(
  connection: RedisConnection,
  { clock, timeoutMs }: ConnectOptions,
): Promise<string> {
  try {
    return ROLE.parse(await within(timeoutMs, clock, () => connection.send(["ROLE"])))[0];
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Where the Redis is for all that the Sentinels know: at one place, unless one of them lags. */
async function askSentinels(
  hosts: readonly RedisHost[],
  masterName: string,
  options: ConnectOptions,
): Promise<RedisHost[]> {
  const answers = await Promise.allSettled(hosts.map(async (host) => {
    const sentinel = await connect({ host }, { ...options, lost: () => {} });
    try {
      const address = await within(options.timeoutMs, options.clock, () => {
        return sentinel.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName]);
      });
      const found = ADDRESS.parse(address);
      if (found === null) {
        throw new Error(`The Sentinel at ${host.hostname} knows no ${masterName}`);
      }
      return { hostname: found[0], port: Number(found[1]) };
    } finally {
      sentinel.close();
    }
  }));
  const found = new Map<string, RedisHost>();
  for (const answer of answers) {
    if (answer.status === "fulfilled") found.set(JSON.stringify(answer.value), answer.value);
  }
  if (found.size > 0) return [...found.values()];
  const errors = answers.map((answer) => answer.status === "rejected" ? answer.reason : undefined);
  throw new AggregateError(errors, `No Sentinel knows ${masterName}`);
}

/** What one server needs. */
interface Entered {
  readonly host: RedisHost;
  readonly tls?: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: number;
}

async function connect(
  entered: Entered,
  { clock, timeoutMs, lost }: ConnectOptions,
): Promise<RedisConnection> {
  const client = await newClient(entered, timeoutMs);
  let isOpen = false;
  const connection: RedisConnection = {
    send: (command) => client.sendCommand(command),
    close() {
      isOpen = false;
      client.destroy();
    },
  };
  client.on("error", (error: unknown) => {
    if (isOpen) lost(connection, error);
  });
  try {
    await within(timeoutMs, clock, () => client.connect());
    isOpen = true;
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * The client neither keeps commands for another connection, nor makes one. It takes 26 MB of memory, so
 * only boxes of a fleet load it.
 */
async function newClient(
  { host, tls = false, username, password, database = 0 }: Entered,
  ms: number,
) {
  const { createClient } = await import("@redis/client");
  const { hostname, port } = host;
  const socket = { host: hostname, port, connectTimeout: ms, reconnectStrategy: false } as const;
  return createClient({
    socket: tls ? { ...socket, tls } : socket,
    ...username === undefined ? {} : { username },
    ...password === undefined ? {} : { password },
    database,
    disableOfflineQueue: true,
    // The link has its own, which counts until the answer comes.
    commandOptions: { timeout: 0 },
    // Redis 7.0 has none of these.
    disableClientInfo: true,
    maintNotifications: "disabled",
  });
}

const ROLE = z.tuple([z.string()]).rest(z.unknown());
const ADDRESS = z.tuple([z.string(), z.string()]).nullable();
