/** The benchmark `archive-stop`: SIGTERM while many shows are recorded, and the start after it. */
import { setTimeout as pause } from "node:timers/promises";
import { readPlainMp4 } from "../testing/mp4/plain_mp4.ts";
import { LoadProcess } from "./load_process.ts";
import type { BenchmarkOptions } from "./options.ts";
import { checkOpenFileLimit } from "./process_usage.ts";
import type { Report } from "./report.ts";
import { ServerProcess } from "./server_process.ts";

const RECORDINGS = 500;
const SECONDS = 20;
/** Streams begin one by one over two seconds, and two more may be on their way at the signal. */
const MISSING_SECONDS = 2 + 2;
/** Beside a socket, a segment and a recording each. */
const OTHER_FILES = 200;
/** How long the next start may take to finish what was left. */
const FINISH_MS = 120_000;

/** Ends a server that records many shows, and starts it again. */
export async function archiveStop({ numbers }: BenchmarkOptions): Promise<Report> {
  const [recordings = RECORDINGS, seconds = SECONDS] = numbers;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  try {
    const stopMs = await recordAndStop(folder, recordings, seconds);
    const left = await archived(folder);
    const finishMs = await startAndFinish(folder);
    const { finished } = await archived(folder);
    const whole = await countWhole(folder, finished, seconds);
    return {
      title: `archive-stop: SIGTERM with ${recordings} recordings of ${seconds} s, and a start`,
      figures: [
        { what: "server ended after", value: stopMs, unit: "ms" },
        { what: "finished by then", value: left.finished.length, unit: "" },
        { what: "left as parts", value: left.parts.length, unit: "" },
        { what: "… finished by the next start after", value: finishMs, unit: "ms" },
        { what: "recordings lost or cut short", value: recordings - whole, unit: "", budget: 0 },
      ],
      notes: ["cut short: by more than 2 s of what was sent until the signal"],
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** @returns how long the server took to end */
async function recordAndStop(folder: string, count: number, seconds: number): Promise<number> {
  const server = await startServer(folder);
  try {
    checkOpenFileLimit(server.pid, "the server", 3 * count + OTHER_FILES);
    const load = await LoadProcess.start("rtmp_load.ts", [`${server.ports.rtmp}`, `${count}`]);
    try {
      await pause(1000 * seconds);
      const before = performance.now();
      await server.stop();
      return performance.now() - before;
    } finally {
      await load.abort();
    }
  } finally {
    await server.abort();
  }
}

/** @returns how long it took until nothing was left to finish */
async function startAndFinish(folder: string): Promise<number> {
  const before = performance.now();
  const server = await startServer(folder);
  try {
    while ((await archived(folder)).parts.length > 0) {
      if (performance.now() - before > FINISH_MS) return NaN;
      await pause(50);
    }
    const took = performance.now() - before;
    await server.stop();
    return took;
  } finally {
    await server.abort();
  }
}

function startServer(folder: string): Promise<ServerProcess> {
  const env = { ECHO_ENABLED: "0", RECORD_ENABLED: "1" };
  return ServerProcess.start({ folder, env, profileFolder: undefined });
}

async function archived(folder: string): Promise<{ parts: string[]; finished: string[] }> {
  const files = await Array.fromAsync(Deno.readDir(`${folder}/record`), ({ name }) => name);
  return {
    parts: files.filter((file) => file.endsWith(".part")),
    finished: files.filter((file) => file.endsWith(".mp4")),
  };
}

/** Plain MP4s that hold what was sent, but for what was on its way. */
async function countWhole(
  folder: string,
  files: readonly string[],
  seconds: number,
): Promise<number> {
  let whole = 0;
  for (const file of files) {
    const frames = readPlainMp4(await Deno.readFile(`${folder}/record/${file}`));
    if (frames.length * 1024 / 48_000 >= seconds - MISSING_SECONDS) whole++;
  }
  return whole;
}
