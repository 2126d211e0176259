/** The command line of the benchmarks. */
import { parseArgs } from "node:util";

/** What a benchmark is told on the command line. */
export interface BenchmarkOptions {
  /** Its positional arguments, all above 0. */
  readonly numbers: readonly number[];
  readonly record: boolean;
  /** A hook server, a dashboard and Prometheus are there. */
  readonly watched: boolean;
  /** Before anything is measured. */
  readonly warmUpSeconds: number;
  readonly profileFolder: string | undefined;
}

/** Until windows are full, what is hot is compiled and old segments are being removed. */
const WARM_UP_SECONDS = "60";

export interface CommandLine {
  /** The benchmark's name; `undefined` where none stands there. */
  readonly name: string | undefined;
  readonly check: boolean;
  readonly options: BenchmarkOptions;
}

/** @throws {TypeError} an argument that is none */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals: [name, ...rest] } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      check: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      watched: { type: "boolean", default: false },
      "warm-up": { type: "string", default: WARM_UP_SECONDS },
      profile: { type: "string" },
    },
  });
  const { check, record, watched, "warm-up": warmUp, profile: profileFolder } = values;
  const warmUpSeconds = positive(warmUp);
  const numbers = rest.map(positive);
  return { name, check, options: { numbers, record, watched, warmUpSeconds, profileFolder } };
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && value < Infinity) return value;
  throw new TypeError(`Cannot parse ${JSON.stringify(text)}: expected a number above 0`);
}
