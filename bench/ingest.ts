/** Measures a server that takes many publishers: processor, memory, lost frames, delays. */
import { setTimeout as pause } from "node:timers/promises";
import { CpuMeter, type CpuShare } from "./cpu_meter.ts";
import { countFrames } from "./frame_count.ts";
import { HlsWatch, type Punctuality } from "./hls_watch.ts";
import { type LoadEnd, LoadProcess } from "./load_process.ts";
import { type BenchmarkOptions, serverEnv } from "./options.ts";
import { checkOpenFileLimit, residentMemory } from "./process_usage.ts";
import { Schedule, SEGMENT_MS } from "./schedule.ts";
import { type ServerPorts, ServerProcess } from "./server_process.ts";
import { Watchers } from "./watchers.ts";

/** Until windows are full, what is hot is compiled and old segments are being removed. */
const WARM_UP_SECONDS = 60;
/** Streams of a load whose frames are counted. */
const SAMPLE = 25;
/** Beside sockets: files that are being written, listeners, the runtime's own. */
const OTHER_FILES = 200;

/** Publishers that a load generator plays. */
export interface PublisherLoad {
  readonly streams: number;
  /** The load generator, beside this module. */
  readonly script: string;
  /** Its streams are PREFIX-0 and so on. */
  readonly prefix: string;
  /** What it is told, once the server is there. */
  readonly args: (ports: ServerPorts) => readonly string[];
}

/** What a server is put under while it is measured. */
export interface IngestBenchmark {
  readonly loads: readonly PublisherLoad[];
  readonly seconds: number;
  readonly env: Readonly<Record<string, string>>;
  readonly options: BenchmarkOptions;
  /** Streams of each load whose frames are counted. Default: 25. */
  readonly counted?: number;
  /** What goes on in the stretch that is measured, and sets its length. Default: nothing else. */
  readonly meanwhile?: (server: ServerProcess, names: readonly string[]) => Promise<void>;
}

/** What was found under it. */
export interface IngestResult {
  readonly usage: Usage;
  readonly ends: readonly LoadEnd[];
  readonly punctuality: Punctuality;
  readonly sample: Sample;
  /** What the server logged as an error or a warning. */
  readonly complaints: readonly string[];
  /** What those have seen who watched, in words; `undefined` where nobody did. */
  readonly watched: string | undefined;
}

/** Puts the loads on a server, each in a process of its own, and measures that. */
export async function measureIngest(benchmark: IngestBenchmark): Promise<IngestResult> {
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  const watchers = benchmark.options.watched ? new Watchers() : undefined;
  try {
    const result = await measureIn(folder, benchmark, watchers);
    return { ...result, watched: watchers?.seen };
  } finally {
    await watchers?.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function measureIn(
  folder: string,
  benchmark: IngestBenchmark,
  watchers: Watchers | undefined,
): Promise<Omit<IngestResult, "watched">> {
  const { loads, options, counted = SAMPLE } = benchmark;
  const { warmUpSeconds = WARM_UP_SECONDS, profileFolder } = options;
  const streams = loads.reduce((sum, load) => sum + load.streams, 0);
  checkOpenFileLimit(Deno.pid, "the load", streams + OTHER_FILES);
  const env = { ...benchmark.env, ...watchers?.env, ...serverEnv(options) };
  const server = await ServerProcess.start({ folder, env, profileFolder });
  const running: RunningLoad[] = [];
  try {
    checkOpenFileLimit(server.pid, "the server", 2 * streams + OTHER_FILES);
    watchers?.watch(server.ports.stat);
    for (const load of loads) {
      const process = await LoadProcess.start(load.script, load.args(server.ports));
      running.push({ process, names: namesOf(load) });
    }
    const watch = new HlsWatch(server.hlsFolder, running.flatMap(({ names }) => names));
    watch.start();
    await pause(1000 * warmUpSeconds);
    const usage = await measureUsage(benchmark, server, running);
    await pause(2 * SEGMENT_MS); // what was due by now comes as if nothing ended
    const ends: LoadEnd[] = [];
    for (const { process } of running) ends.push(await process.stop());
    await server.stop();
    await watch.stop();
    const punctuality = watch.punctuality(usage.fromMs, usage.toMs);
    const sample = await countSample(server.hlsFolder, running, counted, usage);
    return { usage, ends, punctuality, sample, complaints: server.complaints() };
  } finally {
    for (const { process } of running) await process.abort();
    await server.abort();
  }
}

interface RunningLoad {
  readonly process: LoadProcess;
  readonly names: readonly string[];
}

function namesOf({ prefix, streams }: PublisherLoad): string[] {
  return Array.from({ length: streams }, (_, stream) => `${prefix}-${stream}`);
}

/** What the server used in the stretch that was measured. */
export interface Usage {
  /** The stretch, in milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly cpu: CpuShare;
  /** Percent of a core that the load generators used. */
  readonly loadCpu: number;
  /** MiB. */
  readonly memory: { readonly now: number; readonly peak: number };
}

async function measureUsage(
  { seconds, meanwhile }: IngestBenchmark,
  server: ServerProcess,
  loads: readonly RunningLoad[],
): Promise<Usage> {
  const fromMs = Date.now();
  const ofServer = new CpuMeter(server.pid);
  const ofLoads = new CpuMeter(...loads.map(({ process }) => process.pid));
  if (meanwhile === undefined) await pause(1000 * seconds);
  else await meanwhile(server, loads.flatMap(({ names }) => names));
  return {
    fromMs,
    toMs: Date.now(),
    cpu: ofServer.share(),
    loadCpu: ofLoads.share().all,
    memory: residentMemory(server.pid),
  };
}

/** The frames of some streams. */
export interface Sample {
  readonly streams: number;
  readonly frames: number;
  readonly lost: number;
  readonly silent: number;
  /** From a segment's last frame leaving the encoder to its file being written. */
  readonly worstDelayMs: number;
}

async function countSample(
  folder: string,
  loads: readonly RunningLoad[],
  counted: number,
  { fromMs, toMs }: Usage,
): Promise<Sample> {
  let sum = { streams: 0, frames: 0, lost: 0, silent: 0, worstDelayMs: -Infinity };
  for (const { process: { startedAtMs }, names } of loads) {
    const schedule = new Schedule(names.length);
    const step = Math.max(1, names.length / counted);
    for (let at = 0; at < names.length; at += step) {
      const stream = Math.floor(at);
      const count = await countFrames(`${folder}/${names[stream]}`);
      const delays = count.segments
        .map((segment) => ({
          ...segment,
          dueAt: startedAtMs + schedule.timeMs(stream, segment.lastFrame),
        }))
        .filter(({ dueAt }) => fromMs <= dueAt && dueAt < toMs)
        .map(({ dueAt, writtenAt }) => writtenAt - dueAt);
      sum = {
        streams: sum.streams + 1,
        frames: sum.frames + count.frames,
        lost: sum.lost + count.lost,
        silent: sum.silent + count.silent,
        worstDelayMs: Math.max(sum.worstDelayMs, ...delays),
      };
    }
  }
  return sum;
}
