/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * Fuzzes some of the targets in turn until it is time. It runs in a thread of its own, so that
 * somebody is left to tell of an input that never ends.
 */
import { type Finding, Fuzzer, type Memory } from "./fuzzer.ts";
import { InputBoard } from "./input_board.ts";
import { TARGETS } from "./targets.ts";

/** What a worker is to do. */
export interface Assignment {
  /** Names of targets. */
  readonly targets: readonly string[];
  readonly seed: number;
  /** In milliseconds since the epoch. */
  readonly endsAt: number;
  /** Where it shows which input it reads: the memory of an {@link InputBoard}. */
  readonly board: SharedArrayBuffer;
}

/** What a worker tells: after each turn of a target, and when it is done. */
export type Report =
  | { readonly kind: "turn"; readonly target: string; readonly progress: Progress }
  | { readonly kind: "done" };

/** How far a target is. */
export interface Progress {
  readonly inputs: number;
  /** Milliseconds in which they were read. */
  readonly ms: number;
  /** Inputs that others are made of. */
  readonly corpus: number;
  readonly outcomes: number;
  readonly findings: readonly Finding[];
}

/** A turn is long enough to be worth its look at memory, and short enough for all to have some. */
const MAX_TURN_MS = 5000;
const TURNS = 2;

// `gc` is there where V8 was told to expose it.
const { gc } = globalThis as { gc?: () => void };
const memory: Memory | undefined = gc === undefined ? undefined : {
  used: () => {
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  },
  // Buffers are freed behind its back: another one waits until they are.
  collect: () => {
    gc();
    gc();
  },
};

self.onmessage = async ({ data }: MessageEvent<Assignment>) => {
  const { targets, seed, endsAt, board } = data;
  const shown = new InputBoard(board);
  const turnMs = Math.min(MAX_TURN_MS, (endsAt - Date.now()) / targets.length / TURNS);
  const running = targets.map((name) => ({ name, ms: 0, fuzzer: start(name, seed, shown) }));
  while (Date.now() < endsAt) {
    for (const one of running) {
      const startedAt = performance.now();
      const turnEndsAt = startedAt + turnMs;
      await one.fuzzer.run(() => performance.now() >= turnEndsAt);
      one.ms += performance.now() - startedAt;
      report({ kind: "turn", target: one.name, progress: progressOf(one.fuzzer, one.ms) });
      if (Date.now() >= endsAt) break;
    }
  }
  report({ kind: "done" });
};

function start(name: string, seed: number, board: InputBoard): Fuzzer {
  const index = TARGETS.findIndex((target) => target.name === name);
  const target = TARGETS[index];
  if (target === undefined) throw new RangeError(`Cannot fuzz ${name}: expected a target's name`);
  return new Fuzzer(target, {
    seed: seed + index,
    now: () => performance.now(),
    busy: Deno.build.os === "linux" ? busyMs : () => performance.now(),
    ...(memory === undefined ? {} : { memory }),
    beforeInput: (input) => board.show(index, input),
  });
}

/** Nanoseconds on a processor come first (proc(5), schedstat). */
function busyMs(): number {
  return parseInt(Deno.readTextFileSync("/proc/thread-self/schedstat"), 10) / 1e6;
}

function progressOf({ inputs, corpus, findings }: Fuzzer, ms: number): Progress {
  return { inputs, ms, corpus: corpus.size, outcomes: corpus.outcomes, findings };
}

function report(report: Report): void {
  self.postMessage(report);
}
