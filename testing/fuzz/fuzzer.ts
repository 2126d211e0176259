/** Feeds one parser with inputs, and keeps those that do what none may. */
import { Corpus } from "./corpus.ts";
import { minimise } from "./minimise.ts";
import { Mutator } from "./mutator.ts";
import { Random } from "./random.ts";
import { bytesOf, type Outcome, type Target } from "./target.ts";

/** What is wrong with an input. */
export interface Finding {
  readonly target: string;
  /** `exception`: not the parser's own; `slow`, `memory`: too much; `hang`: it does not come back. */
  readonly kind: "exception" | "slow" | "memory" | "hang";
  readonly why: string;
  /** As short as could be made. */
  readonly input: Uint8Array;
}

/** The memory of the program that fuzzes. */
export interface Memory {
  /** Bytes in use, with those that nobody needs any more and that are not freed yet. */
  used(): number;
  /** Frees those. */
  collect(): void;
}

export interface FuzzerOptions {
  readonly seed: number;
  /** Milliseconds of a clock that never jumps; one that stands still finds nothing slow. */
  readonly now: () => number;
  /** Milliseconds that this thread was at work, which others on the machine do not stretch. Default now. */
  readonly busy?: () => number;
  /** Where it is left out, nobody looks at memory. */
  readonly memory?: Memory;
  /** Told of each input before it is read, so that somebody else knows one that never ends. */
  readonly beforeInput?: (input: Uint8Array) => void;
}

const DEFAULT_MAX_BYTES = 16 * 1024;
/** An input that takes longer, and takes longer twice more, is a finding. */
const SLOW_MS = 50;
/** What one input may take. */
const MAX_INPUT_BYTES = 64 * 2 ** 20;
/** What may be held more after all turns than before; the corpus has a share in it. */
const MAX_HELD_BYTES = 64 * 2 ** 20;
/** How often an input is read to see whether it is the one that leaves something behind. */
const RUNS_TO_BLAME = 20;
const MAX_FINDINGS = 20;

/** Fuzzes a target. What it does depends on nothing but the seed. */
export class Fuzzer {
  readonly #target: Target;
  readonly #options: FuzzerOptions;
  readonly #random: Random;
  readonly #mutator: Mutator;
  readonly #corpus: Corpus;
  /** By what is wrong, so that each fault is told of once. */
  readonly #findings = new Map<string, Finding>();
  /** Inputs that are still to be read as they are. */
  readonly #fresh: Uint8Array[];
  /** Bytes that are held more since the first input, and not by what else the thread does. */
  #held = 0;
  #inputs = 0;

  constructor(target: Target, options: FuzzerOptions) {
    const { tokens = [], maxBytes = DEFAULT_MAX_BYTES } = target;
    const words = tokens.map((token) => typeof token === "string" ? bytesOf(token) : token);
    const seeds = target.seeds().map((seed) => seed.subarray(0, maxBytes));
    this.#target = target;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#mutator = new Mutator(this.#random, words, maxBytes);
    this.#corpus = new Corpus(seeds);
    this.#fresh = [...seeds, new Uint8Array()];
  }

  get findings(): readonly Finding[] {
    return [...this.#findings.values()];
  }

  /** Inputs that were read. */
  get inputs(): number {
    return this.#inputs;
  }

  get corpus(): Pick<Corpus, "size" | "outcomes"> {
    return this.#corpus;
  }

  /** Reads inputs until `done`, which is asked after each. */
  async run(done: () => boolean): Promise<void> {
    const corpus = this.#corpus;
    const heldBefore = this.#heldBytes();
    do {
      const input = this.#fresh.pop() ??
        this.#mutator.mutate(corpus.pick(this.#random), corpus.pick(this.#random));
      this.#inputs++;
      await this.#read(input);
    } while (!done());
    await this.#lookAtHeldMemory(heldBefore);
  }

  async #read(input: Uint8Array): Promise<void> {
    const startedAt = this.#options.now();
    let outcome: Outcome;
    try {
      const running = this.#start(input);
      // Most targets are done by now: to wait for them would cost more than they do.
      outcome = typeof running === "object" ? await running : running;
    } catch (error) {
      if (!this.#isOwn(error)) return await this.#fault(input, error);
      outcome = withoutNumbers(error);
    }
    if (this.#options.now() - startedAt > SLOW_MS) await this.#lookAtTime(input);
    if (this.#corpus.offer(input, outcome, this.#random)) await this.#lookAtInputMemory(input);
  }

  #start(input: Uint8Array): Outcome | Promise<Outcome> {
    this.#options.beforeInput?.(input);
    return this.#target.run(input);
  }

  #isOwn(error: unknown): error is Error {
    return this.#target.errors.some((own) => error instanceof own);
  }

  async #fault(input: Uint8Array, error: unknown): Promise<void> {
    const kind = "exception";
    const key = faultKey(error);
    await this.#keep(key, input, { kind, why: describe(error) }, async (shorter) => {
      const found = await this.#errorOf(shorter);
      return found !== undefined && !this.#isOwn(found) && faultKey(found) === key;
    });
  }

  /** The error that reading `input` throws, whether it is the target's own or not. */
  async #errorOf(input: Uint8Array): Promise<unknown> {
    try {
      await this.#start(input);
      return undefined;
    } catch (error) {
      return error ?? new Error("nothing was thrown");
    }
  }

  async #lookAtTime(input: Uint8Array): Promise<void> {
    const isSlow = async (input: Uint8Array) =>
      await this.#timeOf(input) > SLOW_MS && await this.#timeOf(input) > SLOW_MS;
    if (!await isSlow(input)) return;
    const why = `takes ${(await this.#timeOf(input)).toFixed(0)} ms`;
    await this.#keep("slow", input, { kind: "slow", why }, isSlow);
  }

  async #timeOf(input: Uint8Array): Promise<number> {
    const { now, busy = now } = this.#options;
    const startedAt = busy();
    await this.#errorOf(input);
    return busy() - startedAt;
  }

  /** What is freed meanwhile counts for it, so this finds only what takes much at once. */
  async #lookAtInputMemory(input: Uint8Array): Promise<void> {
    const { memory } = this.#options;
    if (memory === undefined) return;
    const takes = async (input: Uint8Array) => {
      const before = memory.used();
      await this.#errorOf(input);
      return memory.used() - before;
    };
    const bytes = await takes(input);
    if (bytes < MAX_INPUT_BYTES) return;
    const isLarge = async (input: Uint8Array) => await takes(input) >= MAX_INPUT_BYTES;
    await this.#keep(
      "memory",
      input,
      { kind: "memory", why: `takes ${megabytes(bytes)}` },
      isLarge,
    );
  }

  /** Whether what was read has left something behind that is never freed. */
  async #lookAtHeldMemory(heldBefore: number): Promise<void> {
    this.#held += this.#heldBytes() - heldBefore;
    if (this.#held < MAX_HELD_BYTES || this.#findings.has("held")) return;
    let suspects = this.#corpus.inputs;
    while (suspects.length > 1) {
      const middle = Math.ceil(suspects.length / 2);
      const [first, second] = [suspects.slice(0, middle), suspects.slice(middle)];
      suspects = await this.#leftBy(first) > await this.#leftBy(second) ? first : second;
    }
    const why = `${megabytes(this.#held)} are held after ${this.#inputs} inputs`;
    const input = suspects[0] ?? new Uint8Array();
    await this.#keep("held", input, { kind: "memory", why }, () => Promise.resolve(false));
  }

  /** Bytes that are held more once `inputs` have been read a few times. */
  async #leftBy(inputs: readonly Uint8Array[]): Promise<number> {
    const before = this.#heldBytes();
    for (const input of inputs) {
      for (let i = 0; i < RUNS_TO_BLAME; i++) await this.#errorOf(input);
    }
    return this.#heldBytes() - before;
  }

  #heldBytes(): number {
    this.#options.memory?.collect();
    return this.#options.memory?.used() ?? 0;
  }

  async #keep(
    key: string,
    input: Uint8Array,
    { kind, why }: Pick<Finding, "kind" | "why">,
    stillFails: (input: Uint8Array) => Promise<boolean>,
  ): Promise<void> {
    if (this.#findings.has(key) || this.#findings.size === MAX_FINDINGS) return;
    const shortest = await minimise(input.slice(), stillFails);
    this.#findings.set(key, { target: this.#target.name, kind, why, input: shortest });
  }
}

/** An error without the numbers in it, which differ from input to input. */
function withoutNumbers(error: Error): string {
  return `${error.name}: ${error.message.slice(0, 60).replace(/\d+|"[^"]*"?/g, "#")}`;
}

/** What an error is known by: its kind, and where it was thrown. */
function faultKey(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = /^ +at .*$/m.exec(error.stack ?? "")?.[0] ?? "";
  return `${error.name} ${place.trim()}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MB`;
}
