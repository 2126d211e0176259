/** The benchmark `low-latency`: how soon all listeners have a part once its last frame has come. */
import { setTimeout as pause } from "node:timers/promises";
import { CpuMeter } from "./cpu_meter.ts";
import { LoadProcess } from "./load_process.ts";
import { type BenchmarkOptions, serverEnv } from "./options.ts";
import { checkOpenFileLimit, residentMemory } from "./process_usage.ts";
import type { Report } from "./report.ts";
import { ServerProcess } from "./server_process.ts";

const LISTENERS = 1000;
const SHOWS = 10;
const SECONDS = 30;
/** By then there are segments enough for the first version. */
const ON_AIR_MS = 8000;
const OTHER_FILES = 500;
const BUDGET_MS = 100;

/** What the listeners found; times are from a part's last frame to the answer's arrival. */
export interface LowAnswerTimes {
  /** Of playlists, and as many of parts. */
  readonly answers: number;
  readonly seconds: number;
  readonly failures: number;
  readonly playlistP50Ms: number;
  readonly playlistP99Ms: number;
  readonly partP99Ms: number;
  /** Of the last listener of each part. */
  readonly lastP99Ms: number;
}

/** Listeners that wait for each part of some shows, on one HTTP thread where nothing else is said. */
export async function lowLatency(options: BenchmarkOptions): Promise<Report> {
  const [listeners = LISTENERS, shows = SHOWS, seconds = SECONDS] = options.numbers;
  const { threads = 1, profileFolder } = options;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  const env = {
    ...{ ECHO_ENABLED: "0", HLS_TARGET_DURATION: "1" },
    ...serverEnv({ ...options, threads }),
  };
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const server = await ServerProcess.start({ folder, env, profileFolder });
  stack.defer(() => server.abort());
  checkOpenFileLimit(server.pid, "the server", 2 * listeners + OTHER_FILES);
  const load = await LoadProcess.start("rtmp_load.ts", [`${server.ports.rtmp}`, `${shows}`]);
  stack.defer(() => load.abort());
  await pause(ON_AIR_MS);
  const meter = new CpuMeter(server.pid);
  const found = await listen([server.ports.hls, listeners, shows, load.startedAtMs, seconds]);
  const cpu = meter.share().all;
  const memory = residentMemory(server.pid).peak;
  const { maxLagMs, failures } = await load.stop();
  await server.stop();
  return {
    title: `low-latency: ${listeners} listeners on ${shows} shows, ${threads} HTTP threads, ` +
      `${seconds} s`,
    figures: [
      { what: "playlists a second", value: found.answers / found.seconds, unit: "" },
      { what: "… after a part's last frame, p50", value: found.playlistP50Ms, unit: "ms" },
      { what: "… p99", value: found.playlistP99Ms, unit: "ms", budget: BUDGET_MS },
      { what: "… the last listener's, p99", value: found.lastP99Ms, unit: "ms", budget: BUDGET_MS },
      { what: "parts after their last frame, p99", value: found.partP99Ms, unit: "ms" },
      { what: "failures", value: found.failures + failures, unit: "", budget: 0 },
      { what: "CPU of the server", value: cpu, unit: "% of core" },
      { what: "resident memory, peak", value: memory, unit: "MiB" },
      { what: "the DJs' greatest lag", value: maxLagMs, unit: "ms" },
    ],
    notes: ["times as the listeners have them, which share the machine with the server"],
  };
}

async function listen(numbers: readonly number[]): Promise<LowAnswerTimes> {
  const script = new URL("low_listeners.ts", import.meta.url).pathname;
  const args = [
    "run",
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    script,
    ...numbers.map(String),
  ];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
