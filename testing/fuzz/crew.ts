/** The threads that fuzz: what each has to do, what it told, and the end of one that hangs. */
import type { Finding } from "./fuzzer.ts";
import { InputBoard } from "./input_board.ts";
import { TARGETS } from "./targets.ts";
import type { Assignment, Progress, Report } from "./worker.ts";

const LOOK_MS = 1000;
/**
 * An input that is not read to its end by then never will be. Looks are counted, and not time: the
 * whole process may stand still for a while.
 */
const LOOKS_BEFORE_HANG = 20;

/** What is done, by target. */
export interface Tally {
  readonly progress: ReadonlyMap<string, Progress>;
  readonly findings: readonly Finding[];
}

/** Fuzzes targets in as many threads as the machine has processors. */
export class Crew {
  readonly #seed: number;
  readonly #endsAt: number;
  /** By target, of each thread that was started. */
  readonly #runs: Map<string, Progress>[] = [];
  readonly #hangs: Finding[] = [];

  /** @param endsAt in milliseconds since the epoch */
  constructor(seed: number, endsAt: number) {
    this.#seed = seed;
    this.#endsAt = endsAt;
  }

  get tally(): Tally {
    const progress = new Map<string, Progress>();
    for (const [target, later] of this.#runs.flatMap((run) => [...run])) {
      const earlier = progress.get(target);
      progress.set(target, earlier === undefined ? later : sumOf(earlier, later));
    }
    const found = [...progress.values()].flatMap(({ findings }) => findings);
    return { progress, findings: [...found, ...this.#hangs] };
  }

  /** Resolves when all threads are done. */
  async run(targets: readonly string[]): Promise<void> {
    const threads = Math.min(navigator.hardwareConcurrency, targets.length);
    const shares = Array.from(
      { length: threads },
      (_, thread) => targets.filter((_, i) => i % threads === thread),
    );
    await Promise.all(shares.map((share) => this.#work(share)));
  }

  /** Goes on without a target that hung. */
  async #work(share: readonly string[]): Promise<void> {
    let left = share;
    while (left.length > 0 && Date.now() < this.#endsAt) {
      const hung = await this.#workUntilHang(left);
      if (hung === undefined) return;
      left = left.filter((name) => name !== hung);
    }
  }

  /** @returns the target that hung */
  #workUntilHang(targets: readonly string[]): Promise<string | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    const progress = new Map<string, Progress>();
    this.#runs.push(progress);
    const memory = InputBoard.allocate();
    const board = new InputBoard(memory);
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Report>) => {
      if (data.kind === "done") resolve(undefined);
      else progress.set(data.target, data.progress);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot go on: ${event.message}`));
    };
    let seen = { count: board.count, looks: 0 };
    const timer = setInterval(() => {
      if (board.count !== seen.count) seen = { count: board.count, looks: 0 };
      else if (++seen.looks === LOOKS_BEFORE_HANG) resolve(this.#noteHang(board));
    }, LOOK_MS);
    const assignment: Assignment = {
      ...{ targets, board: memory },
      ...{ seed: this.#seed, endsAt: this.#endsAt },
    };
    worker.postMessage(assignment);
    return promise.finally(() => {
      clearInterval(timer);
      worker.terminate();
    });
  }

  #noteHang({ target: index, input }: InputBoard): string {
    const target = TARGETS[index]?.name ?? "unknown";
    const why = `is not read to its end within ${LOOKS_BEFORE_HANG * LOOK_MS / 1000} s`;
    this.#hangs.push({ target, kind: "hang", why, input });
    return target;
  }
}

/** What a target did in two threads, one after the other. */
function sumOf(earlier: Progress, later: Progress): Progress {
  return {
    ...later,
    inputs: earlier.inputs + later.inputs,
    ms: earlier.ms + later.ms,
    findings: [...earlier.findings, ...later.findings],
  };
}
