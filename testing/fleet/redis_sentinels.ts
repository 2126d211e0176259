/** Redis watched by Sentinels, which give its work to another one when it is gone. */
import assert from "node:assert/strict";
import { Child } from "../child.ts";
import { freePorts } from "../free_ports.ts";
import { until } from "../until.ts";
import { askRedis, RedisServer } from "./redis_server.ts";

const NAME = "echo";
const SENTINELS = 3;

/** A primary, a replica, and three Sentinels. They do not outlive their disposal. */
export class RedisSentinels implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #servers: readonly RedisServer[];
  readonly #ports: readonly number[];

  private constructor(
    stack: AsyncDisposableStack,
    servers: readonly RedisServer[],
    ports: readonly number[],
  ) {
    this.#stack = stack;
    this.#servers = servers;
    this.#ports = ports;
  }

  /** Starts them, and waits until the Sentinels know each other and the replica. */
  static async start(): Promise<RedisSentinels> {
    await using stack = new AsyncDisposableStack();
    const primary = stack.use(await RedisServer.start());
    const replica = stack.use(
      await RedisServer.start("--replicaof", "127.0.0.1", `${primary.port}`),
    );
    const ports = freePorts(SENTINELS);
    for (const port of ports) {
      const folder = await Deno.makeTempDir({ prefix: "echo-sentinel-" });
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      const file = `${folder}/sentinel.conf`;
      await Deno.writeTextFile(file, configuration(folder, port, primary.port));
      stack.use(new Child("redis-sentinel", [file]));
    }
    for (const port of ports) await untilItKnowsAll(port);
    return new RedisSentinels(stack.move(), [primary, replica], ports);
  }

  /** What clients connect to. */
  get url(): string {
    const hosts = this.#ports.map((port) => `127.0.0.1:${port}`);
    return `redis+sentinel://${hosts.join(",")}/${NAME}`;
  }

  /** Has the primary run a command. @returns what redis-cli printed */
  async ask(...words: readonly string[]): Promise<string> {
    return await askRedis(await this.#primaryPort(), words);
  }

  /** The primary is gone. Waits until the other one has its place, and starts it again as a replica. */
  async failOver(): Promise<void> {
    await this.#replicated();
    const before = await this.#primaryPort();
    const primary = this.#servers.find(({ port }) => port === before);
    assert.ok(primary !== undefined);
    await primary.stop();
    await until("another one is the primary", async () => {
      const [role] = (await this.ask("ROLE")).split("\n");
      return await this.#primaryPort() !== before && role === "master";
    });
    await primary.startAgain();
    await this.#replicated();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  /**
   * Waits until whichever is not the primary is its replica, and is told so. Sentinels would see to it too,
   * but only after they have found it well for eight seconds on end, which a busy machine may never grant.
   */
  async #replicated(): Promise<void> {
    const [port = 0] = this.#ports;
    await until("one is the replica of the other", async () => {
      const told = await Promise.all(this.#ports.map(primaryPortBy));
      const [primaryPort = 0] = told;
      if (new Set(told).size !== 1) return false;
      const other = this.#servers.find((server) => server.port !== primaryPort);
      assert.ok(other !== undefined);
      const [role, , of, state] = (await other.ask("ROLE")).split("\n");
      if (role === "slave" && Number(of) === primaryPort && state === "connected") {
        return await knowsAll(port);
      }
      await other.ask("REPLICAOF", "127.0.0.1", `${primaryPort}`);
      return false;
    });
  }

  async #primaryPort(): Promise<number> {
    const [port = 0] = this.#ports;
    return await primaryPortBy(port);
  }
}

/** What a Sentinel says of the primary. */
async function primaryPortBy(sentinelPort: number): Promise<number> {
  const words = ["SENTINEL", "get-master-addr-by-name", NAME];
  const [, port] = (await askRedis(sentinelPort, words)).split("\n");
  return Number(port);
}

async function untilItKnowsAll(port: number): Promise<void> {
  await until(`the Sentinel on ${port} knows all others`, () => knowsAll(port));
}

/** Whether a Sentinel has a majority, and a replica that it may take. */
async function knowsAll(port: number): Promise<boolean> {
  const quorum = await askRedis(port, ["SENTINEL", "ckquorum", NAME]);
  const replicas = await askRedis(port, ["SENTINEL", "replicas", NAME]);
  return quorum.startsWith(`OK ${SENTINELS} `) && /\nmaster-link-status\nok\n/.test(replicas);
}

/** As quick as Sentinel can be, since a test waits for it. */
function configuration(folder: string, port: number, primaryPort: number): string {
  return `
port ${port}
bind 127.0.0.1
dir ${folder}
sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} 2
sentinel down-after-milliseconds ${NAME} 1000
sentinel failover-timeout ${NAME} 3000
`;
}
