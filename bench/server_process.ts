/** Echo as a process of its own, started as `deno task start` starts it, for benchmarks. */
import { freePorts } from "../testing/free_ports.ts";
import { permissions } from "../testing/permissions.ts";

/** What a benchmark wants of the server. */
export interface ServerOptions {
  /** Where its output and its log go. */
  readonly folder: string;
  /** On top of the benchmarks' own settings. */
  readonly env: Readonly<Record<string, string>>;
  /** Write a CPU profile of the server into this folder. */
  readonly profileFolder: string | undefined;
}

/** Where the server takes publishers. */
export interface ServerPorts {
  readonly rtmp: number;
  /** With `ICECAST_ENABLED`. */
  readonly icecast: number;
  readonly srt: number;
  readonly control: number;
  readonly stat: number;
  readonly hls: number;
}

const ROOT = new URL("..", import.meta.url).pathname;
const START_MS = 20_000;
const STOP_MS = 30_000;

/** Echo in a process of its own, started as `deno task start` starts it, on free ports. */
export class ServerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #log: string;
  /** Where the log's part about the start ends. */
  #logStart = 0;
  readonly hlsFolder: string;
  readonly ports: ServerPorts;

  private constructor(
    child: Deno.ChildProcess,
    log: string,
    hlsFolder: string,
    ports: ServerPorts,
  ) {
    this.#child = child;
    this.#log = log;
    this.hlsFolder = hlsFolder;
    this.ports = ports;
  }

  /** Resolves once it takes RTMP connections. @throws where it does not in time */
  static async start({ folder, env, profileFolder }: ServerOptions): Promise<ServerProcess> {
    const [rtmp = 0, icecast = 0, srt = 0, control = 0, stat = 0, hls = 0] = freePorts(6);
    const ports = { rtmp, icecast, srt, control, stat, hls };
    const hlsFolder = `${folder}/hls`;
    const log = `${folder}/server.log`;
    const variables = {
      ...inherited(["PATH", "HOME", "DENO_DIR", "TMPDIR"]),
      ECHO_AUTH: "open",
      ECHO_ADDR: `127.0.0.1:${ports.control}`,
      ECHO_SRT_ADDR: `127.0.0.1:${ports.srt}`,
      HLS_ROOT_DIR: hlsFolder,
      HLS_TARGET_DURATION: "2",
      HLS_WEB_ADDR: `127.0.0.1:${hls}`,
      STAT_WEB_ADDR: `127.0.0.1:${ports.stat}`,
      ICECAST_ADDR: `127.0.0.1:${icecast}`,
      RTMP_ADDR: `127.0.0.1:${ports.rtmp}`,
      RTMP_CONNECTION_TIMEOUT: "60", // all connect before the first sends
      RECORD_ENABLED: "0",
      RECORD_ROOT_DIR: `${folder}/record`,
      STAT_REPORT_DIR: `${folder}/reports`,
      ...env,
    };
    const command = startArguments(variables, profileFolder);
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", 'exec "$@" 2>"$0"', log, Deno.execPath(), ...command],
      cwd: ROOT,
      clearEnv: true,
      env: variables,
      stdin: "null",
      stdout: "null",
    }).spawn();
    const server = new ServerProcess(child, log, hlsFolder, ports);
    await server.#untilListening();
    server.#logStart = server.#logText().length;
    return server;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Lines of its log that are errors, and those since the start that are warnings. */
  complaints(): string[] {
    const log = this.#logText();
    const errors = log.split("\n").filter((line) => /^\S+ (ERROR|FATAL) /.test(line));
    const warnings = log.slice(this.#logStart).split("\n");
    return [...errors, ...warnings.filter((line) => /^\S+ WARN /.test(line))];
  }

  /** Ends it as an operator does. @throws where it does not end well */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    const { code, signal } = await this.#child.status;
    clearTimeout(timer);
    if (code !== 0) {
      throw new Error(`Cannot trust the figures: the server ended by ${signal ?? code}`);
    }
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

  async #untilListening(): Promise<void> {
    let ended = false;
    this.#child.status.then(() => ended = true);
    for (const start = performance.now(); !ended && performance.now() - start < START_MS;) {
      try {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.ports.rtmp });
        return conn.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await this.abort();
    throw new Error(`Cannot start the server:\n${this.#logText()}`);
  }

  #logText(): string {
    return Deno.readTextFileSync(this.#log);
  }
}

/** What `deno task start` runs, without the `deno` in front. */
function startArguments(
  env: Readonly<Record<string, string>>,
  profileFolder: string | undefined,
): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`));
  // In the middle, a command works out the permissions.
  const [before = [], after = []]: string[][] = tasks.start.split(/\$\(.*\)/)
    .map((part: string) => part.trim().split(" "));
  const [, run = "run", ...flags] = before;
  const profile = profileFolder === undefined
    ? []
    : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  const options = [...profile, ...flags, ...permissions(env, ROOT)];
  return [run, ...options, ...after, "--env-file", "/dev/null"];
}

function inherited(names: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of names) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}
