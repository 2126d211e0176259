/**
 * Publishers and listeners for a long time, and the attacks again and again: `deno task attack:soak
 * [--minutes 40] [--every 8] [--publishers 200] [--listeners 200] [--short]`. Tells the memory after
 * each round, and exits with 1 where it grew from the second round to the fourth.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { LoadProcess } from "../bench/load_process.ts";
import { residentMemory } from "../bench/process_usage.ts";
import { Child } from "../testing/child.ts";
import { EchoServer } from "../testing/e2e/echo_server.ts";
import { sharedPort } from "../testing/e2e/srt_senders.ts";
import { pause } from "./attack.ts";
import { HonestClients } from "./honest_clients.ts";
import { renderRows, type Row } from "./report.ts";
import { SLOW_SOAK, SOAK } from "./rounds.ts";
import { inWords, NAMES, runPhase } from "./run_round.ts";
import { Target } from "./target.ts";

interface SoakOptions {
  readonly minutes: number;
  /** Minutes from the begin of one attack to that of the next. */
  readonly every: number;
  readonly publishers: number;
  readonly listeners: number;
  /** Whether the attacks that wait for long deadlines are left out. */
  readonly short: boolean;
  readonly toleranceMs: number;
}

const EXIT_GREW = 1;
/** What the collector leaves more or less from time to time. */
const NOISE_MIB = 10;
/** For so long at least nothing is attacked at the end of a round, and memory is looked at. */
const LOOK_MS = 20_000;
const PROGRAM = fileURLToPath(new URL("./listeners.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../deno.json", import.meta.url));
const RUN = ["run", "--quiet", "--no-check", "--cached-only", "--config", CONFIG, "--allow-all"];

async function soak(options: SoakOptions): Promise<boolean> {
  const { publishers, listeners } = options;
  await using server = await EchoServer.start({
    env: { ...SOAK.env, RECORD_ENABLED: "0" },
    expectedErrors: [/./], // They are counted by the attack itself.
  });
  await using stack = new AsyncDisposableStack();
  const byRtmp = Math.ceil(publishers / 2);
  const bySrt = publishers - byRtmp;
  const srtPort = sharedPort(server);
  const rtmp = await LoadProcess.start("rtmp_load.ts", [`${server.rtmpPort}`, `${byRtmp}`]);
  stack.defer(() => rtmp.abort());
  const srtArgs = ["mpegts", `${srtPort}`, `${server.controlPort}`, `${bySrt}`, "", "srt"];
  const srt = await LoadProcess.start("srt_load.ts", srtArgs);
  stack.defer(() => srt.abort());
  const names = [
    ...Array.from({ length: byRtmp }, (_, i) => `bench-${i}`),
    ...Array.from({ length: bySrt }, (_, i) => `srt-${i}`),
  ];
  const audience = stack.use(
    new Child(Deno.execPath(), [...RUN, PROGRAM, `${server.hlsPort}`, `${listeners}`, ...names]),
  );
  const honest = stack.use(
    await HonestClients.start({
      ...{ rtmpPort: server.rtmpPort, srtPort, hlsPort: server.hlsPort },
      place: "/cast",
      rtmp: { name: NAMES.rtmp, key: "" },
      srt: { name: NAMES.srt, key: "" },
    }),
  );
  const target = new Target({
    ...{ server, credentials: SOAK.credentials, onAir: Object.values(NAMES) },
    secure: undefined,
    output: `${server.folder}/output`,
  });
  const memory = await attackInRounds(target, honest, options);
  await audience.stop("SIGTERM");
  console.log(`the listeners together: ${audience.lines.at(-1)}`);
  for (const load of [rtmp, srt]) {
    const { maxLagMs, failures } = await load.stop();
    console.log(`the publishers: ${Math.round(maxLagMs)} ms behind at most, ${failures} failures`);
  }
  return tellGrowth(memory);
}

/** @returns the memory in MiB at the end of each round */
async function attackInRounds(
  target: Target,
  honest: HonestClients,
  { minutes, every, short, toleranceMs }: SoakOptions,
): Promise<number[]> {
  const start = performance.now();
  const phases = short ? SOAK.phases : [...SOAK.phases, SLOW_SOAK];
  const memory: number[] = [];
  for (let round = 1; round <= Math.round(minutes / every); round++) {
    const moment = honest.now;
    const rows: Row[] = [];
    for (const phase of phases) {
      rows.push(...await runPhase(target, honest, phase, { toleranceMs }));
    }
    const endsAt = start + round * every * 60_000;
    memory.push(await leastMemory(target.server.pid, endsAt));
    const held = rows.filter((row) => row.held).length;
    console.log(renderRows(`round ${round}: ${held} of ${rows.length} held`, rows));
    const minute = ((performance.now() - start) / 60_000).toFixed(1);
    const impression = inWords(honest.since(moment));
    console.log(
      `  minute ${minute}: ${memory.at(-1)?.toFixed(0)} MiB; honest clients: ${impression}`,
    );
  }
  return memory;
}

/**
 * The least up to `endsAt`, when nothing is attacked any more: what is garbage is not counted, as far
 * as it is collected in that time.
 */
async function leastMemory(pid: number, endsAt: number): Promise<number> {
  let least = Infinity;
  for (const end = Math.max(endsAt, performance.now() + LOOK_MS); performance.now() < end;) {
    least = Math.min(least, residentMemory(pid).now);
    await pause(1000);
  }
  return least;
}

function tellGrowth(memory: readonly number[]): boolean {
  const [, second, , fourth] = memory;
  const all = memory.map((mebibytes) => mebibytes.toFixed(0)).join(", ");
  if (second === undefined || fourth === undefined) {
    console.log(`memory by round: ${all} MiB; four rounds are needed for a verdict`);
    return true;
  }
  const growth = fourth - second;
  const grew = growth > NOISE_MIB;
  console.log(
    `memory by round: ${all} MiB; ${growth.toFixed(1)} MiB from the second to the fourth ` +
      `(up to ${NOISE_MIB} is noise): ${grew ? "IT GREW" : "no growth"}`,
  );
  return !grew;
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "40" },
    every: { type: "string", default: "8" },
    publishers: { type: "string", default: "200" },
    listeners: { type: "string", default: "200" },
    tolerance: { type: "string", default: "500" },
    short: { type: "boolean", default: false },
  },
});
const isWell = await soak({
  minutes: Number(values.minutes),
  every: Number(values.every),
  publishers: Number(values.publishers),
  listeners: Number(values.listeners),
  short: values.short,
  toleranceMs: Number(values.tolerance),
});
Deno.exit(isWell ? 0 : EXIT_GREW);
