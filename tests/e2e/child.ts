import { until } from "./condition.ts";

export interface ChildOptions {
  /** Of the environment, nothing else is passed on than what every program needs. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** How a program ended. */
export interface Exit {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  /** Milliseconds since it was told to. */
  readonly ms: number;
}

const PASSED_ON = ["PATH", "HOME", "DENO_DIR", "TMPDIR", "LD_LIBRARY_PATH"];
const HANGS_AFTER_MS = 15_000;
const MAX_LINES = 50_000;

/** A program of its own, whose output is kept. It does not outlive its disposal. */
export class Child implements AsyncDisposable {
  /** What it printed on both its outputs. */
  readonly lines: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  #status: Deno.CommandStatus | undefined;

  constructor(command: string, args: readonly string[], { env = {}, cwd }: ChildOptions = {}) {
    const passedOn = PASSED_ON.flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    this.#process = new Deno.Command(command, {
      args: [...args],
      env: { ...Object.fromEntries(passedOn), ...env },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(cwd === undefined ? {} : { cwd }),
    }).spawn();
    this.#ended = this.#watch();
  }

  get pid(): number {
    return this.#process.pid;
  }

  get running(): boolean {
    return this.#status === undefined;
  }

  get output(): string {
    return this.lines.join("\n");
  }

  /** Waits for a line of its output. @throws where it ends without */
  async line(pattern: RegExp): Promise<string> {
    return await until(`${this.#process.pid} prints ${pattern}`, async () => {
      const line = this.lines.find((line) => pattern.test(line));
      if (line !== undefined) return line;
      if (this.running) return undefined;
      await this.#ended;
      const last = this.lines.find((line) => pattern.test(line));
      if (last === undefined) throw new Error(`It ended without ${pattern}:\n${this.output}`);
      return last;
    });
  }

  /** Waits until it ends by itself. */
  async end(): Promise<Exit> {
    const since = performance.now();
    const { code, signal } = await this.#ended;
    return { code, signal, ms: performance.now() - since };
  }

  /** Sends `signal` and waits for the end. @throws where it does not come */
  async stop(signal: Deno.Signal): Promise<Exit> {
    if (this.running) this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), HANGS_AFTER_MS);
    const exit = await this.end();
    clearTimeout(timer);
    if (exit.ms >= HANGS_AFTER_MS) throw new Error(`It goes on after ${signal}:\n${this.output}`);
    return exit;
  }

  /** Sends `signal`. */
  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.stop("SIGKILL");
  }

  async #watch(): Promise<Deno.CommandStatus> {
    const { stdout, stderr, status } = this.#process;
    await Promise.all([this.#read(stdout), this.#read(stderr)]);
    this.#status = await status;
    return this.#status;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of stream) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n|\r/);
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
      if (this.lines.length > MAX_LINES) throw new Error("It prints too much");
    }
    if (rest !== "") this.lines.push(rest);
  }
}
