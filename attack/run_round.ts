/** Runs a round: the server, the honest clients beside it, the attacks, and what is left after. */
import bcrypt from "bcryptjs";
import { residentMemory } from "../bench/process_usage.ts";
import { EchoServer } from "../testing/e2e/echo_server.ts";
import { SecureServer } from "../testing/e2e/secure_server.ts";
import { sharedPort } from "../testing/e2e/srt_senders.ts";
import { pause, type Phase } from "./attack.ts";
import { USERS } from "./guesses.ts";
import { HonestClients, type Impression } from "./honest_clients.ts";
import { recordingRow } from "./recordings.ts";
import type { Row } from "./report.ts";
import type { Round } from "./rounds.ts";
import { NO_ROOM_MS } from "./shortages.ts";
import { SmallDisk } from "./small_disk.ts";
import { Target } from "./target.ts";
import { SECURE_PORTS } from "./tcp_client.ts";
import { KEY_SET } from "./tokens.ts";

/** How a round is judged. */
export interface RoundOptions {
  /** How much later than half a segment may be seen, for a loaded machine. */
  readonly toleranceMs: number;
  /** How long it is quiet before memory is looked at again. */
  readonly quietMs: number;
}

/** Half a segment of 2 s. */
const LATE_MS = 1000;
const WARM_UP_MS = 15_000;
const MOST_GROWTH_MIB = 20;
/** The broadcasts of the honest DJs. */
export const NAMES = { rtmp: "honest-rtmp", srt: "honest-srt" };

/** @returns a row for each attack, and for what is looked at in the end */
export async function runRound(round: Round, options: RoundOptions): Promise<Row[]> {
  const { diskMegabytes } = round;
  await using disk = diskMegabytes === undefined ? undefined : await SmallDisk.mount(diskMegabytes);
  if (diskMegabytes !== undefined && disk === undefined) {
    return [skipped("a full disk: this user may not mount a disk of its own")];
  }
  const { env, descriptors, credentials } = round;
  const folders = disk === undefined
    ? {}
    : { HLS_ROOT_DIR: `${disk.path}/hls`, RECORD_ROOT_DIR: `${disk.path}/record` };
  const files = await Deno.makeTempDir({ prefix: "echo-attack-" });
  try {
    const start = {
      env: {
        ...env,
        ...folders,
        ...await writtenFiles(env, files, {
          ECHO_HTPASSWD_FILE: usersFile(credentials.basic),
          ECHO_JWKS_FILE: KEY_SET,
        }),
      },
      ...(descriptors === undefined ? {} : { descriptors }),
      expectedErrors: [/./], // They are counted, and told.
    };
    await using secure = round.tls === true ? await SecureServer.start(start) : undefined;
    await using plain = secure === undefined ? await EchoServer.start(start) : undefined;
    const server = secure?.echo ?? plain;
    if (server === undefined) throw new Error("Cannot attack: there is no server");
    for (const port of Object.values(secure?.ports ?? {})) SECURE_PORTS.add(port);
    const output = disk?.path ?? `${server.folder}/output`;
    const target = new Target({
      server,
      credentials,
      onAir: Object.values(NAMES),
      output,
      secure: secure && { ports: secure.ports, root: secure.authority.root },
    });
    return await attackBeside(target, round, options);
  } finally {
    await Deno.remove(files, { recursive: true });
  }
}

/** Writes those of the files that `env` has variables for. @returns the variables, with their paths */
async function writtenFiles(
  env: Round["env"],
  folder: string,
  texts: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const paths: Record<string, string> = {};
  for (const [name, text] of Object.entries(texts)) {
    if (env[name] === undefined) continue;
    paths[name] = `${folder}/${env[name]}`;
    await Deno.writeTextFile(paths[name], text);
  }
  return paths;
}

/** A file of htpasswd: who the honest clients are, and those who come beside a guesser. */
function usersFile(basic: string): string {
  const [user = "", password = ""] = basic.split(":");
  const hash = bcrypt.hashSync(password, 10);
  return [user, ...USERS].map((user) => `${user}:${hash}\n`).join("");
}

async function attackBeside(target: Target, round: Round, options: RoundOptions): Promise<Row[]> {
  const { server } = target;
  await using honest = await HonestClients.start({
    rtmpPort: server.rtmpPort,
    srtPort: sharedPort(server),
    hlsPort: server.hlsPort,
    place: target.place,
    rtmp: { name: NAMES.rtmp, key: await target.keyOf(NAMES.rtmp) },
    srt: { name: NAMES.srt, key: await target.keyOf(NAMES.srt) },
  });
  await pause(WARM_UP_MS);
  const rows: Row[] = [];
  const resident = [residentMemory(server.pid).now];
  for (let i = 0; i < (round.times ?? 1); i++) {
    for (const phase of round.phases) rows.push(...await runPhase(target, honest, phase, options));
    await pause(options.quietMs);
    resident.push(residentMemory(server.pid).now);
  }
  rows.push(memoryRow(resident, residentMemory(server.pid).peak), logRow(server, round));
  const { sent, maxLagMs } = await honest.end();
  // SRT has no goodbye: a session that lost its connection waits, until the server stops.
  await server.stop("SIGTERM");
  rows.push(...await recordingRows(target, round, sent));
  rows.push({
    what: "the honest DJs' own lag, most",
    held: true,
    counts: `${maxLagMs} ms`,
    saw: "",
  });
  return rows;
}

/** Attacks, and looks at what the honest clients see meanwhile. @returns a row for each attack */
export async function runPhase(
  target: Target,
  honest: HonestClients,
  { attacks, excuse }: Phase,
  options: Pick<RoundOptions, "toleranceMs">,
): Promise<Row[]> {
  const moment = honest.now;
  console.error(attacks.map(({ name }) => name).join(", "));
  const outcomes = await Promise.all(attacks.map(async ({ name, run }) => {
    try {
      return { what: name, ...await run(target) };
    } catch (error) {
      return { what: name, held: false, counts: `it did not come to an end: ${error}` };
    }
  }));
  // What they heard of it is listed two segments later at most.
  await pause(4000);
  const impression = honest.since(moment);
  const isWell = isUndisturbed(impression, excuse === undefined ? options.toleranceMs : Infinity);
  const saw = inWords(impression) + (excuse === undefined ? "" : ` (late: ${excuse})`);
  return outcomes.map((outcome) => ({ ...outcome, held: outcome.held && isWell, saw }));
}

function isUndisturbed(impression: Impression, toleranceMs: number): boolean {
  const { segments, worstLateMs, lost, troubles } = impression;
  return segments > 0 && worstLateMs <= LATE_MS + toleranceMs && lost === 0 &&
    troubles.length === 0;
}

/** An impression in words. */
export function inWords({ segments, worstLateMs, lost, silent, troubles }: Impression): string {
  const words = `${segments} segments, ${worstLateMs} ms late at most, ${lost} frames lost, ` +
    `${silent} silent`;
  return troubles.length === 0 ? words : `${words}; ${troubles.length}: ${troubles[0]}`;
}

/**
 * Where attacks come again and again, what the first ones took is kept for the next: what leaks grows
 * each time.
 * @param resident at first, and after each time, in MiB
 */
function memoryRow(resident: readonly number[], peak: number): Row {
  const [before = 0, ...after] = resident.length > 2 ? resident.slice(1) : resident;
  const figures = resident.map((mebibytes) => Math.round(mebibytes)).join(", ");
  return {
    what: "memory at first, and after quiet minutes",
    held: Math.min(...after) <= before + MOST_GROWTH_MIB,
    counts: `${figures} MiB, ${Math.round(peak)} at most (${MOST_GROWTH_MIB} more are allowed` +
      `${resident.length > 2 ? " than after the first time" : ""})`,
    saw: "",
  };
}

function logRow({ log }: EchoServer, { logsErrors = false }: Round): Row {
  const errors = log.filter((line) => /^\S+Z (ERROR|FATAL) /.test(line));
  const bugs = log.filter((line) => /\bbug\b|TypeError|ReferenceError|RangeError/.test(line));
  const [first = ""] = bugs.length > 0 ? bugs : errors;
  return {
    what: "the log",
    held: bugs.length === 0 && (logsErrors || errors.length === 0),
    counts: `${log.length} lines, ${errors.length} errors, ${bugs.length} bugs` +
      (first === "" ? "" : `; first: ${first.slice(0, 160)}`),
    saw: "",
  };
}

/** The recordings of both, after their goodbye. */
async function recordingRows(target: Target, round: Round, sent: number): Promise<Row[]> {
  return await Promise.all(
    Object.values(NAMES).map((name) => {
      return recordingRow(`${target.output}/record`, name, {
        sent,
        mayLackLast: name === NAMES.srt ? LAST_FRAMES : 0,
        noRoomMs: round.diskMegabytes === undefined ? 0 : NO_ROOM_MS,
      });
    }),
  );
}

/** What the latency of SRT holds. */
const LAST_FRAMES = 10;

function skipped(what: string): Row {
  return { what, held: true, counts: "skipped", saw: "" };
}
