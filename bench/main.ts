/** Measures the server against its budgets: `deno task bench NAME …`. */
import { archive } from "./archive.ts";
import { archiveStop } from "./archive_stop.ts";
import { cache } from "./cache.ts";
import { fleet } from "./fleet.ts";
import { flood } from "./flood.ts";
import { frame } from "./frame.ts";
import { http } from "./http.ts";
import { lowLatency } from "./low_latency.ts";
import { lowWaits } from "./low_waits.ts";
import { describeMachine } from "./machine.ts";
import { mixed } from "./mixed.ts";
import { nginxRtmp } from "./nginx_rtmp.ts";
import { type BenchmarkOptions, type CommandLine, parseCommandLine } from "./options.ts";
import { radio } from "./radio.ts";
import { isOutOfBudget, renderJson, renderReport, type Report } from "./report.ts";
import { rtmp } from "./rtmp.ts";
import { scale } from "./scale.ts";
import { slowHttp } from "./slow_http.ts";
import { srt, srtAdts, srtPorts } from "./srt.ts";

interface Benchmark {
  readonly usage: string;
  readonly help: string;
  readonly run: (options: BenchmarkOptions) => Promise<Report>;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  rtmp: {
    usage: "rtmp [PUBLISHERS] [SECONDS]",
    help: "real-time RTMP publishers, to HLS in memory and on disk",
    run: rtmp,
  },
  srt: {
    usage: "srt [PUBLISHERS] [SECONDS]",
    help: "real-time SRT publishers of MPEG-TS, on the shared port",
    run: srt,
  },
  "srt-adts": {
    usage: "srt-adts [PUBLISHERS] [SECONDS]",
    help: "the same of ADTS, a message a frame",
    run: srtAdts,
  },
  "srt-ports": {
    usage: "srt-ports [PUBLISHERS] [SECONDS]",
    help: "the same, each on the port that the control API gave it",
    run: srtPorts,
  },
  mixed: {
    usage: "mixed [RTMP] [SRT] [SECONDS]",
    help: "publishers by RTMP and by SRT together",
    run: mixed,
  },
  scale: {
    usage: "scale [SECONDS]",
    help: "100 to 1000 RTMP publishers, and what each one more costs",
    run: scale,
  },
  "nginx-rtmp": {
    usage: "nginx-rtmp [PUBLISHERS] [SECONDS]",
    help: "RTMP publishers on Echo and on nginx with its RTMP module, in turns",
    run: nginxRtmp,
  },
  http: {
    usage: "http [CONNECTIONS] [SECONDS]",
    help: "playlists and segments a second, beside nginx where it is installed",
    run: http,
  },
  flood: {
    usage: "flood [PUBLISHERS] [CONNECTIONS] [SECONDS]",
    help: "RTMP publishers beside listeners who ask as fast as they are answered",
    run: flood,
  },
  "low-latency": {
    usage: "low-latency [LISTENERS] [SECONDS]",
    help: "listeners of 10 broadcasts who wait for each part, and when they have it",
    run: lowLatency,
  },
  "low-latency-waits": {
    usage: "low-latency-waits [REQUESTS]",
    help: "requests of low latency that wait, and what they cost in memory",
    run: lowWaits,
  },
  cache: {
    usage: "cache [LISTENERS] [SECONDS]",
    help: "listeners directly, and by nginx and Caddy with the files of deploy/",
    run: cache,
  },
  frame: {
    usage: "frame [SESSIONS] [SECONDS]",
    help: "a frame's way from socket buffer to all sinks, without socket and disk",
    run: frame,
  },
  archive: {
    usage: "archive [SHOWS] [MINUTES]",
    help: "long shows in simulated time: what they keep in memory, what finishing them holds up",
    run: archive,
  },
  "archive-stop": {
    usage: "archive-stop [RECORDINGS] [SECONDS]",
    help: "SIGTERM while many shows are recorded, and the next start",
    run: archiveStop,
  },
  radio: {
    usage: "radio [SOURCES] [LISTENERS] [SECONDS]",
    help: "sources of MP3 by Icecast and RTMP; listeners of an endless stream, beside icecast2",
    run: radio,
  },
  fleet: {
    usage: "fleet [NAMES] [BOXES] [SECONDS]",
    help: "boxes that share a Redis, with names and without audio: what the registry costs",
    run: fleet,
  },
  "slow-http": {
    usage: "slow-http [HALF-OPEN] [READERS]",
    help: "HTTP clients that send half a head, or read nothing: what they cost, and are left",
    run: slowHttp,
  },
};

const OPTIONS = [
  ["--check", "exit with 1 where a figure is outside its budget"],
  ["--json", "print JSON instead of a table"],
  ["--warm-up SECONDS", "measure after this long under load (60; flood 20; http 3)"],
  ["--threads N", "HTTP threads of the server: HLS_WEB_THREADS"],
  ["--pin", "http: the server on one core, the load on another"],
  ["--record", "record too (no budget is set for it)"],
  ["--watched", "with a hook server, an open dashboard and Prometheus"],
  ["--profile DIR", "write a CPU profile of the server into DIR"],
] as const;

const EXIT_OUT_OF_BUDGET = 1;
const EXIT_USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  let command: CommandLine;
  try {
    command = parseCommandLine(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(error.message);
    return EXIT_USAGE;
  }
  const benchmark = BENCHMARKS[command.name ?? ""];
  if (benchmark === undefined) {
    console.error(usage());
    return EXIT_USAGE;
  }
  const machine = describeMachine();
  const { notes, ...found } = await benchmark.run(command.options);
  const report: Report = { ...found, notes: [...notes, machine] };
  console.log(command.json ? renderJson(report) : renderReport(report));
  return command.check && isOutOfBudget(report) ? EXIT_OUT_OF_BUDGET : 0;
}

function usage(): string {
  const benchmarks = Object.values(BENCHMARKS).map(({ usage, help }) => [usage, help] as const);
  const rows = [...benchmarks, ...OPTIONS];
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    "Usage: deno task bench NAME [NUMBER …] [OPTION …]",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
  ].join("\n");
}

Deno.exit(await main(Deno.args));
