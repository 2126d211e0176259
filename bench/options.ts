/** The command line of the benchmarks. */
import { parseArgs } from "node:util";

/** What a benchmark is told on the command line. */
export interface BenchmarkOptions {
  /** Its positional arguments, all above 0. */
  readonly numbers: readonly number[];
  readonly record: boolean;
  /** A hook server, a dashboard and Prometheus are there. */
  readonly watched: boolean;
  /** The server has the first core for itself, and the load of listeners the second. */
  readonly pin: boolean;
  /** Over TLS: RTMPS, and HTTPS beside HTTP. */
  readonly tls: boolean;
  /** Before anything is measured; `undefined` where the benchmark decides. */
  readonly warmUpSeconds: number | undefined;
  /** HTTP threads of the server; `undefined` where the server decides. */
  readonly threads: number | undefined;
  readonly profileFolder: string | undefined;
}

export interface CommandLine {
  /** The benchmark's name; `undefined` where none stands there. */
  readonly name: string | undefined;
  readonly check: boolean;
  readonly json: boolean;
  readonly options: BenchmarkOptions;
}

/** @throws {TypeError} an argument that is none */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals: [name, ...rest] } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      check: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      watched: { type: "boolean", default: false },
      pin: { type: "boolean", default: false },
      tls: { type: "boolean", default: false },
      "warm-up": { type: "string" },
      threads: { type: "string" },
      profile: { type: "string" },
    },
  });
  const { check, json, record, watched, pin, tls, profile: profileFolder } = values;
  const warmUpSeconds = where(values["warm-up"], positive);
  const threads = where(values.threads, countFromZero);
  const numbers = rest.map(positive);
  const options = { numbers, record, watched, pin, tls, warmUpSeconds, threads, profileFolder };
  return { name, check, json, options };
}

/** What the command line tells of the server, as the server's variables. */
export function serverEnv({ threads }: BenchmarkOptions): Record<string, string> {
  return threads === undefined ? {} : { HLS_WEB_THREADS: `${threads}` };
}

function where<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && value < Infinity) return value;
  throw new TypeError(`Cannot parse ${JSON.stringify(text)}: expected a number above 0`);
}

function countFromZero(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new TypeError(`Cannot parse ${JSON.stringify(text)}: expected a whole number from 0`);
}
