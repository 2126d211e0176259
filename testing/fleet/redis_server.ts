/** Redis as a process of its own, for tests of a fleet. */
import { Child } from "../child.ts";
import { freePort } from "../free_ports.ts";
import { until } from "../until.ts";

const HOSTNAME = "127.0.0.1";

/** Redis that keeps everything in memory. It does not outlive its disposal. */
export class RedisServer implements AsyncDisposable {
  readonly port = freePort(HOSTNAME);
  readonly #folder: string;
  readonly #options: readonly string[];
  #run: Child;

  private constructor(folder: string, options: readonly string[]) {
    this.#folder = folder;
    this.#options = options;
    this.#run = this.#start();
  }

  /** Starts one, and waits until it answers. @param options of its command line */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const folder = await Deno.makeTempDir({ prefix: "echo-redis-" });
    await using stack = new AsyncDisposableStack();
    const server = stack.use(new RedisServer(folder, options));
    await server.#untilItAnswers();
    stack.move();
    return server;
  }

  /** What clients connect to. */
  get url(): string {
    return `redis://${HOSTNAME}:${this.port}`;
  }

  get pid(): number {
    return this.#run.pid;
  }

  /** Has it run a command. @returns what redis-cli printed */
  async ask(...words: readonly string[]): Promise<string> {
    return await askRedis(this.port, words);
  }

  /** It is gone, with everything that it knew. */
  async stop(): Promise<void> {
    await this.#run.stop("SIGKILL");
  }

  /** Starts it again after {@link stop}, empty. */
  async startAgain(): Promise<void> {
    this.#run = this.#start();
    await this.#untilItAnswers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run.stop("SIGKILL");
    await Deno.remove(this.#folder, { recursive: true });
  }

  #start(): Child {
    const args = ["--port", `${this.port}`, "--bind", HOSTNAME, "--dir", this.#folder];
    return new Child("redis-server", [...args, "--save", "", ...this.#options]);
  }

  async #untilItAnswers(): Promise<void> {
    await until("Redis answers", async () => {
      if (!this.#run.running) throw new Error(`Redis ended:\n${this.#run.output}`);
      return await this.ask("PING") === "PONG";
    });
  }
}

/** Has the Redis or the Sentinel on a port run a command. @returns what redis-cli printed */
export async function askRedis(port: number, words: readonly string[]): Promise<string> {
  await using client = new Child("redis-cli", ["-h", HOSTNAME, "-p", `${port}`, ...words]);
  await client.end();
  return client.output.trim();
}
