/** The benchmark `radio`: sources of MP3 by Icecast, and listeners of an endless stream. */
import { setTimeout as pause } from "node:timers/promises";
import { encodeMp3 } from "../testing/audio/mp3_streams.ts";
import { CpuMeter } from "./cpu_meter.ts";
import { Icecast2 } from "./icecast2.ts";
import { LoadProcess } from "./load_process.ts";
import { median } from "./median.ts";
import { type BenchmarkOptions, serverEnv } from "./options.ts";
import { checkOpenFileLimit, residentMemory } from "./process_usage.ts";
import type { ListenersEnd } from "./radio_listeners_load.ts";
import type { Figure, Report } from "./report.ts";
import { ServerProcess } from "./server_process.ts";

const SOURCES = 200;
const LISTENERS = 2000;
const SECONDS = 30;
const WARM_UP_SECONDS = 30;
/** Both protocols take turns, so that what else the machine does meets both. */
const PAIRS = 3;
/** Of the listeners, so many in a hundred read nothing. */
const STALLED_PERCENT = 1;
/** A little more than the same, as no two runs are alike. */
const SOURCES_BUDGET = 1.05;
/** Beside sockets: files that are being written, the runtime's own. */
const OTHER_FILES = 300;

/** What a server used under a load. */
interface Usage {
  /** Percent of a core. */
  readonly cpu: number;
  /** MiB, of the process. */
  readonly memory: number;
}

/** What it used for listeners. */
interface ListenersUsage extends Usage {
  /** MiB more than before they came. */
  readonly grown: number;
  /** MiB that the system holds for all connections, more than before; those of the load included. */
  readonly system: number;
  readonly end: ListenersEnd;
}

/** What is measured, and with what. */
interface Plan {
  readonly sources: number;
  readonly listeners: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly options: BenchmarkOptions;
  /** A folder for all of it … */
  readonly folder: string;
  /** … and the MP3 that is sent. */
  readonly file: string;
}

/** MP3 of 128 kbit/s. */
export async function radio(options: BenchmarkOptions): Promise<Report> {
  const [sources = SOURCES, listeners = LISTENERS, seconds = SECONDS] = options.numbers;
  const { warmUpSeconds = WARM_UP_SECONDS } = options;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  checkOpenFileLimit(Deno.pid, "the load", listeners + OTHER_FILES);
  const file = `${folder}/sent.mp3`;
  await Deno.writeFile(file, await encodeMp3({ seconds: 20 }));
  const plan = { sources, listeners, seconds, warmUpSeconds, options, folder, file };
  const pairs: { readonly icecast: Usage; readonly rtmp: Usage }[] = [];
  for (let number = 0; number < PAIRS; number++) {
    const rtmp = await measureSources("rtmp", plan);
    pairs.push({ rtmp, icecast: await measureSources("icecast", plan) });
  }
  const echo = await measureEcho(plan);
  const icecast2 = await measureIcecast2(plan);
  const middle = (of: (pair: typeof pairs[number]) => number) => median(pairs.map(of));
  return {
    title: `radio: ${sources} sources of MP3, ${listeners} listeners of one, ` +
      `${STALLED_PERCENT} % of them stalled, ${seconds} s`,
    figures: [
      { what: "CPU, by RTMP", value: middle(({ rtmp }) => rtmp.cpu), ...CORE },
      { what: "CPU, by Icecast", value: middle(({ icecast }) => icecast.cpu), ...CORE },
      {
        ...{ what: "… times RTMP's", unit: "", digits: 2, budget: SOURCES_BUDGET },
        value: middle(({ icecast, rtmp }) => icecast.cpu / rtmp.cpu),
      },
      { what: "memory, by RTMP", value: middle(({ rtmp }) => rtmp.memory), unit: "MiB" },
      { what: "memory, by Icecast", value: middle(({ icecast }) => icecast.memory), unit: "MiB" },
      ...listenersFigures("listeners", echo, true),
      ...icecast2 === undefined ? [] : listenersFigures("icecast2's", icecast2, false),
    ],
    notes: [
      `sources: medians of ${PAIRS} pairs, RTMP and Icecast in turns`,
      "memory of the system is that of both ends of all connections",
      ...icecast2 === undefined ? ["icecast2 is not installed, so nothing stands beside"] : [],
    ],
  };
}

function listenersFigures(whose: string, usage: ListenersUsage, isOurs: boolean): Figure[] {
  const { cpu, memory, grown, system, end } = usage;
  return [
    { what: `${whose} CPU`, value: cpu, ...CORE },
    { what: `${whose} memory`, value: memory, unit: "MiB" },
    { what: "… more than before", value: grown, unit: "MiB" },
    { what: "… of the system", value: system, unit: "MiB" },
    { what: "… least that one got", value: end.leastPerSecond / 1000, unit: "kB/s", digits: 1 },
    { what: "… longest wait", value: end.longestWaitMs, unit: "ms" },
    { what: "… cut off", value: end.cutOff, unit: "", ...isOurs && { budget: 0 } },
  ];
}

/** All sources on a server of their own. */
async function measureSources(protocol: "rtmp" | "icecast", plan: Plan): Promise<Usage> {
  await using echo = await startEcho(plan, protocol);
  const load = await startSources(protocol, echo.server.ports[protocol], plan.sources, plan);
  await pause(1000 * plan.warmUpSeconds);
  const meter = new CpuMeter(echo.server.pid);
  await pause(1000 * plan.seconds);
  const usage = { cpu: meter.share().all, memory: residentMemory(echo.server.pid).now };
  await stopSources(load);
  await echo.server.stop();
  return usage;
}

async function measureEcho(plan: Plan): Promise<ListenersUsage> {
  await using echo = await startEcho(plan, "listeners");
  const { ports, pid } = echo.server;
  checkOpenFileLimit(pid, "the server", plan.listeners + OTHER_FILES);
  const load = await startSources("icecast", ports.icecast, 1, plan);
  const usage = await measureListeners(pid, ports.hls, "/cast/radio-0/stream.mp3", plan);
  await stopSources(load);
  await echo.server.stop();
  return usage;
}

async function measureIcecast2(plan: Plan): Promise<ListenersUsage | undefined> {
  const folder = `${plan.folder}/icecast2`;
  await Deno.mkdir(folder);
  await Deno.chmod(plan.folder, 0o755);
  await using icecast2 = await Icecast2.start(folder);
  if (icecast2 === undefined) return undefined;
  const load = await startSources("icecast", icecast2.port, 1, plan);
  const usage = await measureListeners(icecast2.pid, icecast2.port, "/radio-0", plan);
  await stopSources(load);
  return usage;
}

async function measureListeners(
  pid: number,
  port: number,
  path: string,
  { listeners, seconds, warmUpSeconds }: Plan,
): Promise<ListenersUsage> {
  // Until there is a burst.
  await pause(6000);
  const before = residentMemory(pid).now;
  const systemBefore = socketMemory();
  const stalled = Math.ceil(listeners * STALLED_PERCENT / 100);
  const args = [`${port}`, path, `${listeners}`, `${stalled}`];
  const load = await LoadProcess.start<ListenersEnd>("radio_listeners_load.ts", args);
  await pause(1000 * warmUpSeconds);
  const meter = new CpuMeter(pid);
  await pause(1000 * seconds);
  const cpu = meter.share().all;
  const memory = residentMemory(pid).now;
  const system = socketMemory() - systemBefore;
  return { cpu, memory, grown: memory - before, system, end: await load.stop() };
}

/** What the system holds for TCP, in MiB: proc(5), sockstat, in pages of 4096 bytes. */
function socketMemory(): number {
  const text = Deno.readTextFileSync("/proc/net/sockstat");
  return Number(/^TCP:.* mem (\d+)/m.exec(text)?.[1]) * 4096 / 2 ** 20;
}

async function startEcho({ folder, options }: Plan, name: string) {
  const own = `${folder}/${name}-${crypto.randomUUID()}`;
  await Deno.mkdir(own);
  const server = await ServerProcess.start({
    folder: own,
    env: {
      ...{ ICECAST_ENABLED: "1", ECHO_ENABLED: "0", ...serverEnv(options) },
      // All connect before the first sends.
      ICECAST_CONNECTION_TIMEOUT: "60",
    },
    profileFolder: options.profileFolder,
  });
  return { server, [Symbol.asyncDispose]: () => server.abort() };
}

function startSources(
  protocol: "rtmp" | "icecast",
  port: number,
  sources: number,
  { file }: Plan,
): Promise<LoadProcess> {
  return LoadProcess.start("radio_sources_load.ts", [protocol, `${port}`, `${sources}`, file]);
}

async function stopSources(load: LoadProcess): Promise<void> {
  const { failures, firstFailure } = await load.stop();
  if (failures > 0) throw new Error(`Cannot trust the figures: ${failures} × ${firstFailure}`);
}

const CORE = { unit: "% of core", digits: 1 };
