/**
 * A load generator as a process of its own, and what it reports.
 *
 * @module
 */

/** What a load generator says once all its streams are being published. */
export interface LoadStart {
  /** When its schedule began, in milliseconds since the epoch. */
  readonly startedAtMs: number;
}

/** What any load generator says at its end. */
export interface LoadFailures {
  /** How often something failed, and why it did first. */
  readonly failures: number;
  readonly firstFailure: string | undefined;
}

/** What one says that plays publishers. */
export interface LoadEnd extends LoadFailures {
  /** How far it was ever behind its schedule. */
  readonly maxLagMs: number;
}

/**
 * A load generator in a process of its own. It prints a {@link LoadStart} and, when its input ends,
 * what is to be said at the end, each as a line of JSON.
 */
export class LoadProcess<End extends LoadFailures = LoadEnd> {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  startedAtMs = 0;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#lines = linesOf(child.stdout);
  }

  /** @throws where it ends before its streams are published */
  static async start<End extends LoadFailures = LoadEnd>(
    script: string,
    args: readonly string[],
  ): Promise<LoadProcess<End>> {
    const path = new URL(script, import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-net", "--allow-read", "--allow-ffi", path, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const load = new LoadProcess<End>(child);
    const { startedAtMs }: LoadStart = await load.#said();
    load.startedAtMs = startedAtMs;
    return load;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async stop(): Promise<End> {
    await this.#child.stdin.close();
    const end: End = await this.#said();
    await this.#child.status;
    return end;
  }

  /** Ends it where nobody wants to know more. */
  async abort(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#child.status;
  }

  async #said<T>(): Promise<T> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error("Cannot go on: the load generator ended early");
    return JSON.parse(line.value);
  }
}

/** The other side: says that streams are published, waits for the end, says how it was. */
export async function reportLoad(start: LoadStart, end: () => LoadFailures): Promise<void> {
  console.log(JSON.stringify(start));
  for await (const _ of Deno.stdin.readable);
  console.log(JSON.stringify(end()));
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
