/** Listeners who ask as fast as they are answered: by wrk where it is installed. */
import { Child } from "../testing/child.ts";
import { isInstalled } from "../testing/installed.ts";
import { CpuMeter } from "./cpu_meter.ts";
import { pinToCore } from "./process_usage.ts";

/** How many listeners ask, for how long, and for what. */
export interface HttpLoadOptions {
  /** Of the server, on 127.0.0.1. */
  readonly port: number;
  /** Default: http. wrk and h2load take any certificate. */
  readonly scheme?: "http" | "https";
  /** Each is kept open and asks again once it has its answer. */
  readonly connections: number;
  readonly seconds: number;
  /** A file with the paths, a line each. Where it has several, it is read again each second. */
  readonly pathsFile: string;
  /** The only core that the load may run on. Default: all. */
  readonly core?: number | undefined;
  /** Default: wrk where it is installed. */
  readonly generator?: Generator;
}

/** wrk, h2load by HTTP/2 for a single path, or the benchmark's own clients. */
export type Generator = "wrk" | "h2load" | "own";

/** What a load generator prints at its end, as a line of JSON. */
export interface HttpAnswers {
  readonly answers: number;
  readonly seconds: number;
  /** Heads and bodies. */
  readonly bytes: number;
  /** Half of the answers, and 99 of 100, were there after this long. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Connections that broke and answers that were refusals. */
  readonly failures: number;
}

/** What came of a load. */
export interface HttpLoadResult extends HttpAnswers {
  readonly generator: Generator;
  /** Percent of a core that the load generator used. */
  readonly cpu: number;
}

const SAMPLE_MS = 100;
/** Of the core that a load generator has: with more than this, it may be what sets the pace. */
const BUSY_PERCENT = 90;

/** Puts the load on a server, in a process of its own. @throws where the generator fails */
export async function runHttpLoad(options: HttpLoadOptions): Promise<HttpLoadResult> {
  const { generator = await isInstalled("wrk") ? "wrk" : "own" } = options;
  if (generator === "h2load") return await runH2load(options);
  await using child = generator === "wrk" ? startWrk(options) : startOwn(options);
  if (options.core !== undefined) await pinToCore(child.pid, options.core);
  const cpu = await cpuUntilEnd(child);
  return { ...parseAnswers(child.lines), generator, cpu };
}

/** Answers a second. */
export function rateOf({ answers, seconds }: HttpAnswers): number {
  return answers / seconds;
}

/** What a reader has to know of the load generator; it must not be what sets the pace. */
export function loadNotes(results: readonly HttpLoadResult[]): string[] {
  const most = Math.max(...results.map(({ cpu }) => cpu));
  const isOwn = results.some(({ generator }) => generator === "own");
  const name = isOwn ? "clients of the benchmark's own, for want of wrk" : "wrk";
  const notes = [`load by ${name}: ${most.toFixed(0)} % of a core at most`];
  if (most > BUSY_PERCENT) notes.push("the load generator was busy: a server may be faster");
  return notes;
}

/**
 * Finds the line of JSON in what a load generator printed.
 * @throws where there is none
 */
export function parseAnswers(lines: readonly string[]): HttpAnswers {
  const line = lines.findLast((line) => line.startsWith("{"));
  if (line === undefined) throw new Error(`Cannot read the load's figures:\n${lines.join("\n")}`);
  return JSON.parse(line);
}

function startWrk(
  { port, scheme = "http", connections, seconds, pathsFile }: HttpLoadOptions,
): Child {
  return new Child("wrk", [
    ...["--threads", "1", "--connections", `${connections}`, "--duration", `${seconds}s`],
    ...["--timeout", "10s", "--script", new URL("wrk.lua", import.meta.url).pathname],
    ...[`${scheme}://127.0.0.1:${port}/`, "--", pathsFile],
  ]);
}

/** Each connection asks once it has its answer, as wrk's do. */
async function runH2load(
  { port, connections, seconds, pathsFile, core }: HttpLoadOptions,
): Promise<HttpLoadResult> {
  const [path = ""] = (await Deno.readTextFile(pathsFile)).split("\n");
  const log = `${pathsFile}.h2load`;
  await using child = new Child("h2load", [
    ...["--duration", `${seconds}`, "--clients", `${connections}`, "--threads", "1"],
    ...["--max-concurrent-streams", "1", "--log-file", log, `https://127.0.0.1:${port}${path}`],
  ]);
  if (core !== undefined) await pinToCore(child.pid, core);
  const cpu = await cpuUntilEnd(child);
  // A line for each request: when it began, its status, and microseconds until its end.
  const rows = (await Deno.readTextFile(log)).trim().split("\n").map((line) => line.split("\t"));
  await Deno.remove(log);
  const sorted = Float64Array.from(rows, (row) => Number(row[2]) / 1000).sort();
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? NaN;
  const failures = rows.filter(([, status]) => !/^[23]/.test(status ?? "")).length;
  const [, total = "0"] = /traffic: .*?\((\d+)\) total/.exec(child.output) ?? [];
  return {
    ...{ answers: rows.length, seconds, bytes: Number(total), failures },
    ...{ p50Ms: at(0.5), p99Ms: at(0.99), generator: "h2load", cpu },
  };
}

function startOwn({ port, connections, seconds, pathsFile }: HttpLoadOptions): Child {
  const script = new URL("http_clients.ts", import.meta.url).pathname;
  const args = [`${port}`, `${connections}`, `${seconds}`, pathsFile];
  return new Child(Deno.execPath(), ["run", "--allow-net", "--allow-read", script, ...args]);
}

/** Percent of a core that a process uses until it ends by itself. */
async function cpuUntilEnd(child: Child): Promise<number> {
  const meter = new CpuMeter(child.pid);
  let cpu = 0;
  const timer = setInterval(() => {
    try {
      cpu = meter.share().all;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // it has just ended
    }
  }, SAMPLE_MS);
  const { code } = await child.end();
  clearInterval(timer);
  if (code !== 0) throw new Error(`Cannot trust the figures, the load failed:\n${child.output}`);
  return cpu;
}
