/** The benchmark `http`: what listeners are answered, beside nginx over the same folder. */
import { setTimeout as pause } from "node:timers/promises";
import { CpuMeter } from "./cpu_meter.ts";
import {
  type HttpLoadOptions,
  type HttpLoadResult,
  loadNotes,
  rateOf,
  runHttpLoad,
} from "./http_load.ts";
import { filesOf, type ListenedFile, writePaths } from "./listened_files.ts";
import { LoadProcess } from "./load_process.ts";
import { median } from "./median.ts";
import { findNginx, Nginx, serveFiles } from "./nginx.ts";
import { type BenchmarkOptions, serverEnv } from "./options.ts";
import { pinToCore } from "./process_usage.ts";
import type { Figure, Report } from "./report.ts";
import { SecureDoors } from "./secure_doors.ts";
import { ServerProcess } from "./server_process.ts";

const CONNECTIONS = 64;
const SECONDS = 5;
const WARM_UP_SECONDS = 3;
/** Servers take turns, so that what else the machine does meets them all. */
const ROUNDS = 3;
/** By then some segments are listed. */
const ON_AIR_MS = 8000;
const NAME = "bench-0";
/** Of nginx's rate, where both have a core. */
const LEAST = { playlist: 0.9, segment: 0.7 };
const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** A server that is asked. */
interface Target {
  readonly name: string;
  readonly port: number;
  readonly pids: readonly number[];
  /** How it is asked, where that is not by HTTP/1.1 without TLS. */
  readonly load?: Pick<HttpLoadOptions, "scheme" | "generator">;
}

type Kind = keyof typeof LEAST;

/** Answers a second of a playlist and of a segment, of a broadcast that is on air. */
export async function http(options: BenchmarkOptions): Promise<Report> {
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  const { profileFolder } = options;
  await using stack = new AsyncDisposableStack();
  const secure = options.tls ? stack.use(await SecureDoors.open()) : undefined;
  const env = { ECHO_ENABLED: "0", ...serverEnv(options), ...secure?.env };
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const server = await ServerProcess.start({ folder, env, profileFolder });
  stack.defer(() => server.abort());
  const load = await LoadProcess.start("rtmp_load.ts", [`${server.ports.rtmp}`, "1"]);
  stack.defer(() => load.abort());
  const targets: Target[] = [{ name: "Echo", port: server.ports.hls, pids: [server.pid] }];
  if (secure !== undefined) targets.push(...secureTargets(secure, server.pid));
  const command = options.tls ? undefined : await findNginx();
  if (command !== undefined) {
    const workers = Math.max(1, options.threads ?? 1);
    const blocks = serveFiles(folder, server.hlsFolder);
    const nginx = await Nginx.start({ command, folder, workers, blocks });
    stack.defer(() => nginx.stop());
    targets.push({ name: "nginx", port: nginx.port, pids: nginx.pids });
  }
  if (options.pin) {
    for (const pid of targets.flatMap(({ pids }) => pids)) await pinToCore(pid, SERVER_CORE);
  }
  await pause(ON_AIR_MS);
  const report = await measure(folder, server.hlsFolder, targets, options);
  await load.stop();
  await server.stop();
  return report;
}

function secureTargets({ ports }: SecureDoors, pid: number): Target[] {
  const target = { port: ports.hls, pids: [pid] };
  return [
    { name: HTTPS, ...target, load: { scheme: "https" } },
    { name: HTTP2, ...target, load: { scheme: "https", generator: "h2load" } },
  ];
}

const HTTPS = "HTTPS, HTTP/1.1";
const HTTP2 = "HTTPS, HTTP/2";

async function measure(
  folder: string,
  hlsFolder: string,
  targets: readonly Target[],
  options: BenchmarkOptions,
): Promise<Report> {
  const { numbers: [connections = CONNECTIONS, seconds = SECONDS], threads, pin } = options;
  const rounds: Round[] = [];
  for (const kind of ["playlist", "segment"] as const) {
    for (let number = 0; number <= ROUNDS; number++) {
      for (const target of targets) {
        const file = (await filesOf(hlsFolder, NAME))?.[kind];
        if (file === undefined) throw new Error("Cannot ask: nothing is on air");
        const pathsFile = `${folder}/paths`;
        await writePaths(pathsFile, [file.path]);
        // What comes first is not counted: it compiles what is hot.
        const length = number === 0 ? options.warmUpSeconds ?? WARM_UP_SECONDS : seconds;
        const meter = new CpuMeter(...target.pids);
        const answers = await runHttpLoad({
          ...{ port: target.port, connections, seconds: length, pathsFile, ...target.load },
          core: pin ? LOAD_CORE : undefined,
        });
        const cpu = meter.share().all;
        if (number > 0) rounds.push({ kind, server: target.name, file, answers, cpu });
      }
    }
  }
  return {
    title: `http: ${connections} connections, ${threads ?? "default"} HTTP threads, ${seconds} s` +
      (pin ? ", server and load on a core each" : ""),
    figures: (["playlist", "segment"] as const).flatMap((kind) => figuresOf(kind, rounds, pin)),
    notes: [
      `medians of ${ROUNDS} rounds, in which the servers take turns`,
      ...(targets.length > 1 || options.tls
        ? []
        : ["nginx is not installed: there is nothing to compare with"]),
      ...loadNotes(rounds.map(({ answers }) => answers)),
    ],
  };
}

interface Round {
  readonly kind: Kind;
  readonly server: string;
  readonly file: ListenedFile;
  readonly answers: HttpLoadResult;
  /** Percent of a core that the server used. */
  readonly cpu: number;
}

function figuresOf(kind: Kind, all: readonly Round[], pin: boolean): Figure[] {
  const rounds = all.filter((round) => round.kind === kind);
  const of = (name: string) => rounds.filter(({ server }) => server === name);
  const [echo, nginx] = [of("Echo"), of("nginx")];
  const bytes = median(echo.map(({ file }) => file.bytes));
  const figures = [
    ...serverFigures(`${kind} of ${bytes} bytes`, echo),
    ...[HTTPS, HTTP2].flatMap((name) => {
      const rounds = of(name);
      return rounds.length === 0 ? [] : serverFigures(`${kind} by ${name}`, rounds);
    }),
  ];
  if (nginx.length === 0) return figures;
  const ratio = (of: (round: Round) => number) =>
    median(echo.map((round, index) => {
      const other = nginx[index];
      return other === undefined ? NaN : of(round) / of(other);
    }));
  return [
    ...figures,
    ...serverFigures(`${kind} by nginx`, nginx),
    {
      what: `${kind}: rate, of nginx's`,
      value: ratio(({ answers }) => rateOf(answers)),
      unit: "",
      least: pin ? LEAST[kind] : undefined,
      digits: 2,
    },
    { what: "… for the same CPU", value: ratio(ratePerCore), unit: "", digits: 2 },
  ];
}

function serverFigures(what: string, rounds: readonly Round[]): Figure[] {
  const middle = (of: (round: Round) => number) => median(rounds.map(of));
  const failures = rounds.reduce((sum, { answers }) => sum + answers.failures, 0);
  return [
    { what, value: middle(({ answers }) => rateOf(answers)), unit: "a second" },
    { what: "… p50", value: middle(({ answers }) => answers.p50Ms), unit: "ms", digits: 2 },
    { what: "… p99", value: middle(({ answers }) => answers.p99Ms), unit: "ms", digits: 2 },
    { what: "… failures", value: failures, unit: "", budget: 0 },
    { what: "… CPU of the server", value: middle(({ cpu }) => cpu), unit: "% of core" },
    { what: "… for a second of its CPU", value: middle(ratePerCore), unit: "" },
  ];
}

/** Answers for a second of CPU: what else the machine does changes them least. */
function ratePerCore({ answers, cpu }: Round): number {
  return 100 * rateOf(answers) / cpu;
}
