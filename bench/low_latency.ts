/** The benchmark `low-latency`: listeners who wait for each part of what they hear. */
import { setTimeout as pause } from "node:timers/promises";
import { CpuMeter, type CpuShare } from "./cpu_meter.ts";
import type { HeardPart } from "./heard_parts.ts";
import { type LoadEnd, LoadProcess } from "./load_process.ts";
import type { LowLoadEnd } from "./low_load.ts";
import { type BenchmarkOptions, serverEnv } from "./options.ts";
import { checkOpenFileLimit, residentMemory } from "./process_usage.ts";
import type { Figure, Report } from "./report.ts";
import { ServerProcess } from "./server_process.ts";

const LISTENERS = 1000;
const SECONDS = 60;
const SHOWS = 10;
const WARM_UP_SECONDS = 10;
/** By then enough segments are listed. */
const ON_AIR_MS = 6000;
/** Each listener has two connections. */
const CONNECTIONS_EACH = 2;
const OTHER_FILES = 500;
/** What was due by the end of the stretch that is measured has come. */
const SETTLE_MS = 1000;
/** From a part's last frame to the last answer. */
const BUDGET_MS = 100;

/** How late what a part brings comes to those who wait for it, and what they cost. */
export async function lowLatency(options: BenchmarkOptions): Promise<Report> {
  const { numbers: [listeners = LISTENERS, seconds = SECONDS], threads = 1 } = options;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const connections = CONNECTIONS_EACH * listeners;
  const env = {
    ECHO_ENABLED: "0",
    HLS_TARGET_DURATION: "1",
    WEB_MAX_CONNECTIONS: `${connections + OTHER_FILES}`,
    WEB_MAX_PER_ADDRESS: `${connections + OTHER_FILES}`,
    ...serverEnv({ ...options, threads }),
  };
  const { profileFolder } = options;
  checkOpenFileLimit(Deno.pid, "the listeners", connections + OTHER_FILES);
  const server = await ServerProcess.start({ folder, env, profileFolder });
  stack.defer(() => server.abort());
  checkOpenFileLimit(server.pid, "the server", 2 * connections + OTHER_FILES);
  const { rtmp, hls } = server.ports;
  const shows = await LoadProcess.start("rtmp_load.ts", [`${rtmp}`, `${SHOWS}`]);
  stack.defer(() => shows.abort());
  await pause(ON_AIR_MS);
  const args = [hls, listeners, SHOWS, shows.startedAtMs].map(String);
  const load = await LoadProcess.start<LowLoadEnd>("low_listeners.ts", args);
  stack.defer(() => load.abort());
  await pause(1000 * (options.warmUpSeconds ?? WARM_UP_SECONDS));
  const fromMs = Date.now();
  const [ofServer, ofLoad] = [new CpuMeter(server.pid), new CpuMeter(load.pid)];
  await pause(1000 * seconds);
  const toMs = Date.now();
  const [cpu, loadCpu] = [ofServer.share(), ofLoad.share().all];
  const memoryPeak = residentMemory(server.pid).peak;
  await pause(SETTLE_MS);
  const heard = await load.stop();
  const sent = await shows.stop();
  await server.stop();
  const measured = ({ lastFrameAtMs }: HeardPart) =>
    fromMs <= lastFrameAtMs && lastFrameAtMs < toMs;
  const result: LowResult = {
    ...{ cpu, loadCpu, memoryPeak, heard, sent },
    parts: heard.parts.filter(measured),
    answersAPart: CONNECTIONS_EACH * listeners / SHOWS,
    seconds: (toMs - fromMs) / 1000,
  };
  return {
    title: `low-latency: ${listeners} listeners of ${SHOWS} broadcasts, ${threads} HTTP threads, ` +
      `${seconds} s`,
    figures: figuresOf(result),
    notes: notesOf(result, server.complaints()),
  };
}

interface LowResult {
  readonly parts: readonly HeardPart[];
  /** How many a part is to have. */
  readonly answersAPart: number;
  readonly seconds: number;
  readonly cpu: CpuShare;
  readonly loadCpu: number;
  readonly memoryPeak: number;
  readonly heard: LowLoadEnd;
  readonly sent: LoadEnd;
}

function figuresOf({ parts, answersAPart, seconds, ...result }: LowResult): Figure[] {
  const delays = parts.map(({ lastFrameAtMs, lastAnswerAtMs }) => lastAnswerAtMs - lastFrameAtMs)
    .sort((a, b) => a - b);
  const delay = (part: number) => delays[Math.floor(part * (delays.length - 1))] ?? NaN;
  const answers = parts.reduce((sum, part) => sum + part.answers, 0);
  const missing = answersAPart * parts.length - answers;
  const core = "% of core";
  return [
    { what: "parts", value: parts.length, unit: "" },
    { what: "… from last frame to last answer, p50", value: delay(0.5), unit: "ms" },
    { what: "… p99", value: delay(0.99), unit: "ms", budget: BUDGET_MS },
    { what: "… longest", value: delay(1), unit: "ms" },
    { what: "answers", value: answers / seconds, unit: "a second" },
    { what: "… missing", value: missing, unit: "", budget: 0 },
    { what: "… failures", value: result.heard.failures, unit: "", budget: 0 },
    { what: "CPU of the server", value: result.cpu.all, unit: core, digits: 1 },
    { what: "… of it in the kernel", value: result.cpu.system, unit: core, digits: 1 },
    { what: "resident memory, peak", value: result.memoryPeak, unit: "MiB" },
    { what: "CPU of the listeners", value: result.loadCpu, unit: core, digits: 1 },
    { what: "publishers behind their schedule, most", value: result.sent.maxLagMs, unit: "ms" },
  ];
}

function notesOf({ heard, sent }: LowResult, complaints: readonly string[]): string[] {
  const notes = [
    "last frame: when it was due at the encoder; last answer: when a listener had read the last of " +
    "the playlists in which the part is new, and of its bodies",
    "each listener waits for the next version of the playlist; half of them wait for the part that " +
    "it hints at, half ask for the part once it is listed",
  ];
  for (const { failures, firstFailure } of [heard, sent]) {
    if (failures > 0) notes.push(`${failures} requests or writes failed, first: ${firstFailure}`);
  }
  if (complaints.length > 0) {
    notes.push(`the server complained ${complaints.length} times, first: ${complaints[0]}`);
  }
  return notes;
}
