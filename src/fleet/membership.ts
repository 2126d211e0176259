/** Whether a box is one of its fleet, and how the registry answers it; says so in the log. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../session/clock.ts";
import type { BeatAnswer, KnownBox } from "./registry.ts";

/** How a box stands to its fleet. */
export interface MembershipState {
  /** Whether the registry counts it among the boxes, for all that is known. */
  readonly isJoined: boolean;
  /** Whether the registry does not answer. */
  readonly isAlone: boolean;
  /** How long ago the registry last answered a beat, in milliseconds; since the start where never. */
  readonly beatAgeMs: number;
  /** How often the registry did not answer in time, or with an error. */
  readonly errors: number;
  /** What is wrong, as a sentence; `undefined` where nothing is. */
  readonly problem: string | undefined;
}

/** `refused`: the registry answers, and does not take this box. `gone`: it does not answer. */
type Standing =
  | { readonly kind: "joining" | "joined" }
  | { readonly kind: "gone" | "refused"; readonly why: string };

/** Whether this box is one of the fleet. Moments are on `Clock.monotonic`. */
export class Membership implements MembershipState {
  readonly #clock: Clock;
  readonly #box: string;
  #standing: Standing = { kind: "joining" };
  #heardAt: number;
  #beatDueAt = 0;
  #errors = 0;

  /** @param box its id */
  constructor(clock: Clock, box: string) {
    this.#clock = clock;
    this.#box = box;
    this.#heardAt = clock.monotonic();
  }

  get isJoined(): boolean {
    return this.#standing.kind === "joined";
  }

  get isAlone(): boolean {
    return this.#standing.kind === "gone";
  }

  get beatAgeMs(): number {
    return this.#clock.monotonic() - this.#heardAt;
  }

  get errors(): number {
    return this.#errors;
  }

  get problem(): string | undefined {
    const standing = this.#standing;
    if (standing.kind === "refused") return standing.why;
    if (standing.kind !== "gone") return undefined;
    const seconds = Math.round(this.beatAgeMs / 1000);
    return `The registry of the fleet has not answered a beat for ${seconds} s: ${standing.why}`;
  }

  /** Whether it is time to beat: who has not joined tries each time. */
  get isBeatDue(): boolean {
    return !this.isJoined || this.#clock.monotonic() >= this.#beatDueAt;
  }

  /** The next call is to be a beat. */
  beatNow(): void {
    this.#beatDueAt = 0;
  }

  /** A beat is sent. */
  beats(): void {
    this.#beatDueAt = this.#clock.monotonic() + BEAT_MS;
  }

  /** A beat was answered. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  /** The registry has told what changed. */
  joined(boxes: readonly KnownBox[]): void {
    if (!this.isJoined) {
      const others = boxes.map(({ id }) => id).filter((id) => id !== this.#box).sort();
      const whom = others.length === 0 ? "there is no other box" : `beside ${others.join(", ")}`;
      logger.info("Box {box} has joined the fleet: {whom}", { box: this.#box, whom });
    }
    this.#standing = { kind: "joined" };
  }

  /** The registry does not take this box. */
  refused({ why, by }: BeatAnswer & { readonly kind: "refused" }, alike: string): void {
    const text = why === "replaced"
      ? `This box has left the fleet: another process has joined as ECHO_BOX ${by.id}`
      : `This box does not join the fleet: box ${by.id} has another ${differing(alike, by.alike)}`;
    if (this.#standing.kind !== "refused") logger.error("{text}", { text });
    this.#standing = { kind: "refused", why: text };
  }

  /** The registry did not answer. */
  failed(why: string): void {
    this.#errors++;
    if (this.#standing.kind !== "gone") {
      logger.warn("The registry of the fleet does not answer, this box goes on alone: {why}", {
        why,
      });
    }
    this.#standing = { kind: "gone", why };
  }
}

/** The names of what differs in two lists of `NAME=VALUE`. */
function differing(own: string, other: string): string {
  const others = new Set(other.split(" "));
  return own.split(" ").filter((part) => !others.has(part))
    .map((part) => part.replace(/=.*/, "")).join(" and ");
}

/** Three beats may be lost before the others think that this box is gone. */
const BEAT_MS = 1900;

const logger = getLogger(["echo", "fleet"]);
