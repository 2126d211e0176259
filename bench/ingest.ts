/** Measures a server that takes many publishers: processor, memory, lost frames, delays. */
import { setTimeout as pause } from "node:timers/promises";
import { countFrames } from "./frame_count.ts";
import { HlsWatch, LATE_MS, type Punctuality } from "./hls_watch.ts";
import { type LoadEnd, LoadProcess } from "./load_process.ts";
import { checkOpenFileLimit, cpuTime, residentMemory } from "./process_usage.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Figure, Report } from "./report.ts";
import { Schedule, SEGMENT_MS } from "./schedule.ts";
import { ServerProcess } from "./server_process.ts";
import { Watchers } from "./watchers.ts";

/** Streams whose frames are counted. */
const SAMPLE = 25;
/** Beside sockets: files that are being written, listeners, the runtime's own. */
const OTHER_FILES = 200;

/** A load of publishers and what the server may use under it. */
export interface IngestBenchmark {
  readonly title: string;
  readonly streams: number;
  readonly seconds: number;
  /** The load generator, beside this module; its streams are `bench-0` and so on. */
  readonly script: string;
  /** What it is told, once the server is there. */
  readonly args: (server: ServerProcess) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly options: BenchmarkOptions;
  /** In percent of a core and MiB; `undefined` for a load that none is set for. */
  readonly budget: { readonly cpu: number; readonly memory: number } | undefined;
}

/** Puts the load on a server in a process of its own, and measures that. */
export async function measureIngest(benchmark: IngestBenchmark): Promise<Report> {
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  const watchers = benchmark.options.watched ? new Watchers() : undefined;
  try {
    const report = await measureIn(folder, benchmark, watchers);
    return watchers === undefined ? report : { ...report, notes: [...report.notes, watchers.seen] };
  } finally {
    await watchers?.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function measureIn(
  folder: string,
  benchmark: IngestBenchmark,
  watchers: Watchers | undefined,
): Promise<Report> {
  const { streams, seconds, script, args, options } = benchmark;
  const env = { ...benchmark.env, ...watchers?.env };
  const { warmUpSeconds, profileFolder } = options;
  checkOpenFileLimit(Deno.pid, "the load", streams + OTHER_FILES);
  const server = await ServerProcess.start({ folder, env, profileFolder });
  try {
    checkOpenFileLimit(server.pid, "the server", 2 * streams + OTHER_FILES);
    watchers?.watch(server.ports.stat);
    const load = await LoadProcess.start(script, args(server));
    try {
      const names = Array.from({ length: streams }, (_, stream) => `bench-${stream}`);
      const watch = new HlsWatch(server.hlsFolder, names);
      watch.start();
      await pause(1000 * warmUpSeconds);
      const usage = await measureUsage(server.pid, load.pid, 1000 * seconds);
      await pause(2 * SEGMENT_MS); // what was due by now comes as if nothing ended
      const end = await load.stop();
      await server.stop();
      await watch.stop();
      const punctuality = watch.punctuality(usage.fromMs, usage.toMs);
      const sample = await countSample(server.hlsFolder, names, load.startedAtMs, usage);
      const complaints = server.complaints();
      return report(benchmark, { usage, end, punctuality, sample, complaints });
    } finally {
      await load.abort();
    }
  } finally {
    await server.abort();
  }
}

interface Usage {
  /** The stretch that was measured, in milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Percent of a core. */
  readonly userCpu: number;
  readonly systemCpu: number;
  readonly loadCpu: number;
  /** MiB. */
  readonly memory: { readonly now: number; readonly peak: number };
}

async function measureUsage(server: number, load: number, ms: number): Promise<Usage> {
  const fromMs = Date.now();
  const start = performance.now();
  const before = { server: cpuTime(server), load: cpuTime(load) };
  await pause(ms);
  const percent = 100 * 1000 / (performance.now() - start);
  const after = { server: cpuTime(server), load: cpuTime(load) };
  return {
    fromMs,
    toMs: Date.now(),
    userCpu: percent * (after.server.user - before.server.user),
    systemCpu: percent * (after.server.system - before.server.system),
    loadCpu: percent *
      (after.load.user + after.load.system - before.load.user - before.load.system),
    memory: residentMemory(server),
  };
}

interface Sample {
  readonly streams: number;
  readonly frames: number;
  readonly lost: number;
  readonly silent: number;
  /** From a segment's last frame leaving the encoder to its file being written. */
  readonly worstDelayMs: number;
}

async function countSample(
  folder: string,
  names: readonly string[],
  startedAtMs: number,
  { fromMs, toMs }: Usage,
): Promise<Sample> {
  const schedule = new Schedule(names.length);
  const step = Math.max(1, names.length / SAMPLE);
  let sum = { streams: 0, frames: 0, lost: 0, silent: 0, worstDelayMs: -Infinity };
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
  return sum;
}

interface Result {
  readonly usage: Usage;
  readonly end: LoadEnd;
  readonly punctuality: Punctuality;
  readonly sample: Sample;
  readonly complaints: readonly string[];
}

function report({ title, budget }: IngestBenchmark, result: Result): Report {
  const { usage, end, punctuality, sample, complaints } = result;
  const { userCpu, systemCpu, loadCpu, memory } = usage;
  const figures: Figure[] = [
    {
      what: "CPU of the server",
      value: userCpu + systemCpu,
      unit: "% of core",
      budget: budget?.cpu,
      digits: 1,
    },
    { what: "… of it in the kernel", value: systemCpu, unit: "% of core", digits: 1 },
    { what: "resident memory, peak", value: memory.peak, unit: "MiB", budget: budget?.memory },
    { what: "resident memory, end", value: memory.now, unit: "MiB" },
    { what: "segments written", value: punctuality.segments, unit: "" },
    { what: "segments late", value: punctuality.late, unit: "", budget: 0 },
    { what: "segments missing", value: punctuality.missing, unit: "", budget: 0 },
    { what: "playlists late", value: punctuality.listedLate, unit: "", budget: 0 },
    { what: "worst delay of a segment", value: punctuality.worstDelayMs, unit: "ms" },
    {
      what: "… from encoder to disk (sample)",
      value: sample.worstDelayMs,
      unit: "ms",
      budget: LATE_MS,
    },
    { what: `frames in ${sample.streams} streams`, value: sample.frames, unit: "" },
    { what: "… lost", value: sample.lost, unit: "", budget: 0 },
    { what: "… of silence put in", value: sample.silent, unit: "" },
    { what: "CPU of the load generator", value: loadCpu, unit: "% of core", digits: 1 },
    { what: "… behind its schedule, most", value: end.maxLagMs, unit: "ms" },
  ];
  const notes = [
    "late: written more than half a segment after its last sample was due, which is at " +
    "EXT-X-PROGRAM-DATE-TIME + EXTINF",
  ];
  if (end.failures > 0) notes.push(`${end.failures} writes failed, first: ${end.firstFailure}`);
  if (complaints.length > 0) {
    notes.push(`the server complained ${complaints.length} times, first: ${complaints[0]}`);
  }
  return { title, figures, notes };
}
