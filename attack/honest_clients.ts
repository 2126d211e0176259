/** The honest clients beside an attack, as the attack's program sees them. */
import { fileURLToPath } from "node:url";
import { Child } from "../testing/child.ts";
import { until } from "../testing/until.ts";
import type { HeardSegment, HonestEnd, HonestPlan, HonestSight } from "./honest.ts";

const PROGRAM = fileURLToPath(new URL("./honest.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../deno.json", import.meta.url));

/** What they saw in a stretch of time. */
export interface Impression {
  readonly segments: number;
  readonly worstLateMs: number;
  readonly lost: number;
  readonly silent: number;
  /** What should not have been seen, in words. */
  readonly troubles: readonly string[];
}

/** Runs the honest clients. */
export class HonestClients implements AsyncDisposable {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** Starts them, and waits until both broadcasts are heard. */
  static async start(plan: HonestPlan): Promise<HonestClients> {
    const run = [
      "run",
      "--quiet",
      "--no-check",
      "--cached-only",
      "--config",
      CONFIG,
      "--allow-all",
    ];
    const honest = new HonestClients(
      new Child(Deno.execPath(), [...run, PROGRAM, JSON.stringify(plan)], {
        env: { NO_COLOR: "1" },
      }),
    );
    await until("both broadcasts are heard", () => {
      if (!honest.#child.running) throw new Error(`They ended early:\n${honest.#child.output}`);
      return new Set(honest.#segments(0).map(({ name }) => name)).size === 2;
    });
    return honest;
  }

  /** A moment, for {@link since}. */
  get now(): number {
    return this.#child.lines.length;
  }

  /** What they saw since that moment. */
  since(moment: number): Impression {
    const segments = this.#segments(moment);
    const sum = (of: (segment: HeardSegment) => number) =>
      segments.reduce((total, segment) => total + of(segment), 0);
    return {
      segments: segments.length,
      worstLateMs: segments.reduce((worst, { lateMs }) => Math.max(worst, lateMs), 0),
      lost: sum(({ lost }) => lost),
      silent: sum(({ silent }) => silent),
      troubles: this.#sights(moment).flatMap((sight) => sight.kind === "trouble" ? sight.what : []),
    };
  }

  /** Has the DJs say goodbye. @throws where they did not get that far */
  async end(): Promise<HonestEnd> {
    await this.#child.stop("SIGTERM");
    const end = this.#sights(0).find((sight) => sight.kind === "end");
    if (end === undefined) throw new Error(`They ended early:\n${this.#child.output}`);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }

  #segments(from: number): HeardSegment[] {
    return this.#sights(from).flatMap((sight) => sight.kind === "segment" ? sight : []);
  }

  #sights(from: number): HonestSight[] {
    return this.#child.lines.slice(from).map((line) => {
      return line.startsWith("{") ? JSON.parse(line) : { kind: "trouble", what: line };
    });
  }
}
