/** Echo as a process of its own, for end-to-end tests. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Child, type Exit } from "../child.ts";
import { freePorts } from "../free_ports.ts";
import { permissions } from "../permissions.ts";
import { until } from "../until.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const STARTS = 3;

export interface EchoServerOptions {
  /** Its address, of this machine. Default 127.0.0.1. */
  readonly host?: string;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** The text of an echo.env in its folder. */
  readonly envFile?: string;
  /** Texts of further files in its folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Errors that the test provokes; any other in the log fails it. */
  readonly expectedErrors?: readonly RegExp[];
  /** How many files and connections it may have open at a time; by default what the tests may. */
  readonly descriptors?: number;
}

/**
 * Echo as a process of its own, with a folder of its own, on free ports. Runs from source, or
 * `ECHO_BIN` where that is set. Its disposal ends it, removes what it wrote, and fails where an error
 * was logged that nobody expected.
 */
export class EchoServer implements AsyncDisposable {
  /** Its address. */
  readonly host: string;
  /** Its working directory. */
  readonly folder: string;
  #run: Child;
  readonly #earlierLog: string[] = [];
  readonly #ports: Ports;
  readonly #options: EchoServerOptions;

  private constructor(run: Child, folder: string, ports: Ports, options: EchoServerOptions) {
    this.#run = run;
    this.host = ports.host;
    this.folder = folder;
    this.#ports = ports;
    this.#options = options;
  }

  /** Starts one and waits until it listens. */
  static async start(options: EchoServerOptions = {}): Promise<EchoServer> {
    const folder = await Deno.makeTempDir({ prefix: "echo-e2e-" });
    const { envFile, files = {} } = options;
    if (envFile !== undefined) await Deno.writeTextFile(`${folder}/echo.env`, envFile);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 });
    }
    for (let attempt = 1;; attempt++) {
      const ports = findPorts(options.host);
      const run = runOn(ports, folder, options);
      try {
        await untilListening(run, ports);
        return new EchoServer(run, folder, ports, options);
      } catch (error) {
        await run[Symbol.asyncDispose]();
        // Somebody else was faster to take one of the ports.
        if (attempt < STARTS && /address already in use/i.test(run.output)) continue;
        await Deno.remove(folder, { recursive: true });
        throw error;
      }
    }
  }

  /** Of all its runs. */
  get log(): readonly string[] {
    return [...this.#earlierLog, ...this.#run.lines];
  }

  /** How much silence it has put into the broadcast `name`, whose transport has ended. */
  async silentPutIn(name: string): Promise<number> {
    const report = new RegExp(` ${name}#\\d+ input so far: .* bad, (\\d+) silent put in$`);
    return await until(`the input of ${name} is reported`, () => {
      const counts = this.log.flatMap((line) => report.exec(line)?.[1] ?? []);
      return counts.length > 0 && Number(counts.at(-1));
    });
  }

  /** What an encoder publishes to: `live/demo`, or `demo/KEY`. */
  rtmpUrl(path: string): string {
    return `rtmp://${this.host}:${this.#ports.rtmp}/${path}`;
  }

  get pid(): number {
    return this.#run.pid;
  }

  /** Runs `echo dj WORDS` beside it, with its configuration. @returns what that printed */
  async dj(...words: readonly string[]): Promise<string> {
    const env = { ...environment(this.#ports), ...this.#options.env };
    await using command = runEcho(["dj", ...words], { env, cwd: this.folder });
    const { code } = await command.end();
    assert.equal(code, 0, command.output);
    return command.output;
  }

  get rtmpPort(): number {
    return this.#ports.rtmp;
  }

  /** Listens where `ICECAST_ENABLED` is set. */
  get icecastPort(): number {
    return this.#ports.icecast;
  }

  get hlsPort(): number {
    return this.#ports.hls;
  }

  get statPort(): number {
    return this.#ports.stat;
  }

  get controlPort(): number {
    return this.#ports.control;
  }

  playlistUrl(name: string): string {
    return `http://${this.host}:${this.#ports.hls}/cast/${name}/playlist.m3u8`;
  }

  /** A file of a broadcast on disk. */
  hlsFile(name: string, file: string): string {
    return `${this.folder}/output/hls/${name}/${file}`;
  }

  /** Sends `signal`. */
  kill(signal: Deno.Signal): void {
    this.#run.kill(signal);
  }

  /** Waits for a line of this run's log. @throws where it ends without */
  line(pattern: RegExp): Promise<string> {
    return this.#run.line(pattern);
  }

  /** Sends `signal` and waits for the end. */
  stop(signal: Deno.Signal): Promise<Exit> {
    return this.#run.stop(signal);
  }

  /** Starts it again after {@link stop}, in its folder and on its ports. */
  async startAgain(): Promise<void> {
    this.#earlierLog.push(...this.#run.lines);
    this.#run = runOn(this.#ports, this.folder, this.#options);
    await untilListening(this.#run, this.#ports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run.stop("SIGTERM");
    await Deno.remove(this.folder, { recursive: true });
    const { expectedErrors = [] } = this.#options;
    const unexpected = this.log.filter((line) =>
      !/^\S+Z (TRACE|DEBUG|INFO|WARN) /.test(line) &&
      !expectedErrors.some((expected) => expected.test(line))
    );
    assert.deepEqual(unexpected, [], `Echo logged errors:\n${this.log.join("\n")}`);
  }
}

/** Runs Echo with arguments of one's own. */
export function runEcho(
  args: readonly string[],
  options: Pick<EchoServerOptions, "descriptors"> & {
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
  },
): Child {
  const { env, cwd, descriptors } = options;
  const command = [...echoCommand(env, cwd), ...args];
  const limited = descriptors === undefined
    ? command
    : ["sh", "-c", `ulimit -n ${descriptors}; exec "$0" "$@"`, ...command];
  const [program = "", ...rest] = limited;
  return new Child(program, rest, { env: { NO_COLOR: "1", ...env }, cwd });
}

/** What `scripts/run.sh` starts it with, besides permissions. */
const AS_STARTED = ["--no-prompt", "--v8-flags=--max-semi-space-size=4,--heap-growing-percent=30"];

function echoCommand(env: Readonly<Record<string, string>>, cwd: string): string[] {
  const binary = Deno.env.get("ECHO_BIN");
  if (binary !== undefined) return [resolve(binary)];
  const run = ["run", "--quiet", "--cached-only", "--config", `${ROOT}deno.json`];
  return [Deno.execPath(), ...run, ...permissions(env, cwd), ...AS_STARTED, `${ROOT}main.ts`];
}

function runOn(ports: Ports, cwd: string, options: EchoServerOptions): Child {
  const { env = {}, ...rest } = options;
  return runEcho([], { ...rest, env: { ...environment(ports), ...env }, cwd });
}

async function untilListening(run: Child, ports: Ports): Promise<void> {
  const { host, hls, rtmp, control, stat } = ports;
  for (const port of [hls, rtmp, control, stat]) {
    await run.line(new RegExp(`listens on ${RegExp.escape(host)}:${port}$`));
  }
}

interface Ports {
  readonly host: string;
  readonly control: number;
  readonly srt: number;
  readonly rtmp: number;
  readonly icecast: number;
  readonly hls: number;
  readonly stat: number;
}

function environment(ports: Ports): Record<string, string> {
  const { host, control, srt, rtmp, icecast, hls, stat } = ports;
  return {
    ECHO_ADDR: `${host}:${control}`,
    ECHO_SRT_ADDR: `${host}:${srt}`,
    RTMP_ADDR: `${host}:${rtmp}`,
    ICECAST_ADDR: `${host}:${icecast}`,
    HLS_WEB_ADDR: `${host}:${hls}`,
    STAT_WEB_ADDR: `${host}:${stat}`,
  };
}

function findPorts(host: string = "127.0.0.1"): Ports {
  const ports = freePorts(6, host);
  const [control = 0, srt = 0, rtmp = 0, icecast = 0, hls = 0, stat = 0] = ports;
  return { host, control, srt, rtmp, icecast, hls, stat };
}
