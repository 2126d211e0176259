/** The benchmark `fleet`: boxes that share a Redis, with names and without audio. */
import { setTimeout as pause } from "node:timers/promises";
import { RedisServer } from "../testing/fleet/redis_server.ts";
import { CpuMeter } from "./cpu_meter.ts";
import type { FleetLoadEnd } from "./fleet_load.ts";
import { LoadProcess } from "./load_process.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Report } from "./report.ts";

const NAMES = 1000;
const BOXES = 3;
const SECONDS = 30;
/** The first saves come while names are claimed. */
const WARM_UP_SECONDS = 10;
const BUDGET_PERCENT = 5;

/** Measures what the registry costs: the Redis, and each box. */
export async function fleet({ numbers, warmUpSeconds }: BenchmarkOptions): Promise<Report> {
  const [names = NAMES, boxes = BOXES, seconds = SECONDS] = numbers;
  await using redis = await RedisServer.start();
  const loads: LoadProcess<FleetLoadEnd>[] = [];
  try {
    for (let i = 0; i < boxes; i++) {
      const own = Math.floor((i + 1) * names / boxes) - Math.floor(i * names / boxes);
      const args = [`${redis.port}`, `box${i}`, `${own}`];
      loads.push(await LoadProcess.start<FleetLoadEnd>("fleet_load.ts", args));
    }
    await pause(1000 * (warmUpSeconds ?? WARM_UP_SECONDS));
    const redisMeter = new CpuMeter(redis.pid);
    const boxMeters = loads.map(({ pid }) => new CpuMeter(pid));
    await pause(1000 * seconds);
    const redisPercent = redisMeter.share().all;
    const boxPercents = boxMeters.map((meter) => meter.share().all);
    const ends = await Promise.all(loads.map((load) => load.stop()));
    const failures = ends.reduce((sum, end) => sum + end.failures, 0);
    return {
      title: `fleet: ${names} names on ${boxes} boxes, for ${seconds} s`,
      figures: [
        percent("Redis", redisPercent),
        percent("the busiest box", Math.max(...boxPercents)),
        { what: "records saved", value: sum(ends, "saves") / seconds, unit: "a second" },
        {
          what: "names that the box knows which knows least",
          value: Math.min(...ends.map(({ known }) => known)),
          unit: "",
          least: names,
        },
        { what: "calls that failed", value: failures, unit: "", budget: 0 },
      ],
      notes: ["a box: the whole process, which does nothing else"],
    };
  } finally {
    for (const load of loads) await load.abort();
  }
}

function percent(what: string, value: number) {
  return { what, value, unit: "% of a core", budget: BUDGET_PERCENT, digits: 1 };
}

function sum(ends: readonly FleetLoadEnd[], figure: "saves"): number {
  return ends.reduce((sum, end) => sum + end[figure], 0);
}
