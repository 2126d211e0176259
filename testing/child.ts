/** Programs that tests run, whose output is kept and which end with the test. */
import { until } from "./until.ts";

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
const MAX_LINES = 200_000;

/** A program of its own, whose output is kept. It does not outlive its disposal. */
export class Child implements AsyncDisposable {
  /** What it printed on both its outputs. */
  readonly lines: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  /** With all that it printed; its children may go on printing after its own end. */
  #status: Deno.CommandStatus | undefined;
  #hasEnded = false;

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
    if (this.running) this.kill(signal);
    const { promise: hangs, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      this.kill("SIGKILL");
      reject(new Error(`It goes on after ${signal}, or its children do:\n${this.output}`));
    }, HANGS_AFTER_MS);
    try {
      return await Promise.race([this.end(), hangs]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends `signal`, unless it has ended. */
  kill(signal: Deno.Signal): void {
    if (!this.#hasEnded) this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.stop("SIGKILL");
  }

  async #watch(): Promise<Deno.CommandStatus> {
    const { stdout, stderr, status } = this.#process;
    void status.then(() => this.#hasEnded = true);
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
