/** The benchmark `nginx-rtmp`: what publishers cost, beside nginx with its RTMP module. */
import { setTimeout as pause } from "node:timers/promises";
import { CpuMeter } from "./cpu_meter.ts";
import { type IngestResult, measureIngest } from "./ingest.ts";
import { LoadProcess } from "./load_process.ts";
import { median } from "./median.ts";
import { findNginx, findRtmpModule, Nginx, receiveRtmp } from "./nginx.ts";
import type { BenchmarkOptions } from "./options.ts";
import { residentMemory } from "./process_usage.ts";
import type { Report } from "./report.ts";
import { rtmpLoad } from "./rtmp.ts";

const PUBLISHERS = 500;
const SECONDS = 30;
const WARM_UP_SECONDS = 60;
/** Echo and nginx take turns, so that what else the machine does meets both. */
const PAIRS = 3;
/** Of nginx's CPU. */
const BUDGET = 1.5;

/** The same RTMP publishers on Echo and on nginx, one after the other. @throws without nginx */
export async function nginxRtmp(options: BenchmarkOptions): Promise<Report> {
  const [command, module] = [await findNginx(), findRtmpModule()];
  if (command === undefined || module === undefined) {
    throw new Error("Cannot compare: nginx or its RTMP module is not installed");
  }
  const [publishers = PUBLISHERS, seconds = SECONDS] = options.numbers;
  const { warmUpSeconds = WARM_UP_SECONDS } = options;
  const pairs: Pair[] = [];
  for (let number = 0; number < PAIRS; number++) {
    const echo = await measureIngest({
      loads: [rtmpLoad(publishers)],
      seconds,
      env: { ECHO_ENABLED: "0" },
      options: { ...options, warmUpSeconds },
    });
    const nginx = await measureNginx({ command, module, publishers, seconds, warmUpSeconds });
    pairs.push({ echo, nginx });
  }
  return report(
    `nginx-rtmp: ${publishers} publishers, 128 kb/s, 2 s segments, ${seconds} s`,
    pairs,
  );
}

interface Pair {
  readonly echo: IngestResult;
  readonly nginx: NginxUsage;
}

interface NginxUsage {
  /** Percent of a core. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  readonly segments: number;
}

interface NginxRun {
  readonly command: string;
  readonly module: string;
  readonly publishers: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

async function measureNginx(run: NginxRun): Promise<NginxUsage> {
  const { command, module, publishers, seconds, warmUpSeconds } = run;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const root = `${folder}/hls`;
  await Deno.mkdir(root);
  const blocks = receiveRtmp(root);
  const nginx = await Nginx.start({ command, folder, workers: 1, blocks, module });
  stack.defer(() => nginx.stop());
  const load = await LoadProcess.start("rtmp_load.ts", [`${nginx.port}`, `${publishers}`]);
  stack.defer(() => load.abort());
  await pause(1000 * warmUpSeconds);
  const { pids } = nginx;
  const meter = new CpuMeter(...pids);
  await pause(1000 * seconds);
  const cpu = meter.share().all;
  const memory = pids.reduce((sum, pid) => sum + residentMemory(pid).now, 0);
  const segments = await countSegments(root);
  const { failures } = await load.stop();
  if (failures > 0) throw new Error(`Cannot trust the figures: nginx refused ${failures} writes`);
  return { cpu, memory, segments };
}

/** In the folders of all streams. */
async function countSegments(root: string): Promise<number> {
  let segments = 0;
  for await (const { name } of Deno.readDir(root)) {
    for await (const file of Deno.readDir(`${root}/${name}`)) {
      if (file.name.endsWith(".ts")) segments++;
    }
  }
  return segments;
}

function report(title: string, pairs: readonly Pair[]): Report {
  const middle = (of: (pair: Pair) => number) => median(pairs.map(of));
  const sum = (of: (echo: IngestResult) => number) =>
    pairs.reduce((sum, { echo }) => sum + of(echo), 0);
  const memoryOf = ({ echo }: Pair) => echo.usage.memory.now;
  return {
    title,
    figures: [
      { what: "CPU", value: middle(cpuOf), unit: "% of core", digits: 1 },
      { what: "… of nginx", value: middle(({ nginx }) => nginx.cpu), unit: "% of core", digits: 1 },
      {
        what: "… times nginx's",
        value: middle((pair) => cpuOf(pair) / pair.nginx.cpu),
        unit: "",
        budget: BUDGET,
        digits: 2,
      },
      { what: "resident memory", value: middle(memoryOf), unit: "MiB" },
      { what: "… of nginx", value: middle(({ nginx }) => nginx.memory), unit: "MiB" },
      { what: "segments", value: sum((echo) => echo.punctuality.segments), unit: "" },
      { what: "… late", value: sum((echo) => echo.punctuality.late), unit: "", budget: 0 },
      { what: "… missing", value: sum((echo) => echo.punctuality.missing), unit: "", budget: 0 },
      { what: "frames lost", value: sum((echo) => echo.sample.lost), unit: "", budget: 0 },
      {
        what: "segments that nginx keeps on disk",
        value: middle(({ nginx }) => nginx.segments),
        unit: "",
      },
    ],
    notes: [
      `medians of ${PAIRS} pairs; in each, Echo and nginx (a worker) take turns: ` +
      pairs.map((pair) => `${cpuOf(pair).toFixed(1)} and ${pair.nginx.cpu.toFixed(1)}`).join(", ") +
      " % of a core",
    ],
  };
}

function cpuOf({ echo }: Pair): number {
  return echo.usage.cpu.all;
}
