/** The benchmark `scale`: how cost grows with publishers. */
import { type IngestResult, measureIngest } from "./ingest.ts";
import { ingestNotes } from "./ingest_report.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Figure, Report } from "./report.ts";
import { rtmpLoad } from "./rtmp.ts";

const SIZES = [100, 200, 500, 1000];
const SECONDS = 60;

/** What is told of a size. */
export interface ScaleStep {
  readonly publishers: number;
  /** Percent of a core. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  readonly late: number;
  readonly missing: number;
  readonly lost: number;
  /** How far the load generator was ever behind its schedule. */
  readonly lagMs: number;
}

/** Ever more RTMP publishers, each number on a server of its own. */
export async function scale(options: BenchmarkOptions): Promise<Report> {
  const { numbers: [seconds = SECONDS], record } = options;
  const env = { ECHO_ENABLED: "0", RECORD_ENABLED: record ? "1" : "0" };
  const steps: ScaleStep[] = [];
  const notes = new Set<string>();
  for (const publishers of SIZES) {
    const result = await measureIngest({ loads: [rtmpLoad(publishers)], seconds, env, options });
    steps.push(stepOf(publishers, result));
    for (const note of ingestNotes(result)) notes.add(note);
  }
  return {
    title: `scale: RTMP publishers, 128 kb/s, 2 s segments, ${seconds} s each` +
      (record ? ", recorded" : ""),
    figures: [...steps.flatMap(stepFigures), ...slopeFigures(steps)],
    notes: [...notes],
  };
}

/** What each further publisher costs, between one size and the next. */
export function slopeFigures(steps: readonly ScaleStep[]): Figure[] {
  return steps.slice(1).flatMap((step, index) => {
    const before = steps[index] ?? step;
    const more = step.publishers - before.publishers;
    const between = `from ${before.publishers} to ${step.publishers}`;
    return [
      {
        what: `CPU a publisher, ${between}`,
        value: (step.cpu - before.cpu) / more,
        unit: "% of core",
        digits: 3,
      },
      {
        what: `memory a publisher, ${between}`,
        value: 1024 * (step.memory - before.memory) / more,
        unit: "KiB",
      },
    ];
  });
}

function stepOf(publishers: number, result: IngestResult): ScaleStep {
  const { usage, punctuality, sample, ends } = result;
  return {
    publishers,
    cpu: usage.cpu.all,
    memory: usage.memory.peak,
    late: punctuality.late,
    missing: punctuality.missing,
    lost: sample.lost,
    lagMs: Math.max(...ends.map(({ maxLagMs }) => maxLagMs)),
  };
}

function stepFigures(step: ScaleStep): Figure[] {
  const { publishers, cpu, memory, late, missing, lost, lagMs } = step;
  return [
    { what: `${publishers} publishers: CPU`, value: cpu, unit: "% of core", digits: 1 },
    { what: "… resident memory, peak", value: memory, unit: "MiB" },
    { what: "… segments late", value: late, unit: "", budget: 0 },
    { what: "… segments missing", value: missing, unit: "", budget: 0 },
    { what: "… frames lost", value: lost, unit: "", budget: 0 },
    { what: "… load behind its schedule, most", value: lagMs, unit: "ms" },
  ];
}
