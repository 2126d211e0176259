/**
 * The network of a fleet in a test: each box reaches Redis and each other box by a link of its own,
 * so that any two can be separated.
 */
import { Link, type Place } from "./link.ts";

/** A box, as others reach it. */
export interface BoxPlace {
  /** `ECHO_BOX`. */
  readonly id: string;
  /** `ECHO_FLEET_ADDR`. */
  readonly place: Place;
}

/** Stands for Redis, as the end of a link. */
export const REDIS = "redis";

/**
 * Links between boxes, and from boxes to Redis. What Redis tells a box of another one it tells with
 * the address of the link that leads there, so no box has to know of them.
 */
export class FleetNetwork implements AsyncDisposable {
  readonly #links = new Map<string, Link>();

  constructor(boxes: readonly BoxPlace[], redis: Place) {
    for (const one of boxes) {
      const names = new Map<string, string>();
      for (const other of boxes.filter(({ id }) => id !== one.id)) {
        const link = new Link(other.place);
        this.#links.set(key(one.id, other.id), link);
        names.set(textOf(other.place), textOf(link.place));
      }
      this.#links.set(key(one.id, REDIS), new Link(redis, names));
    }
  }

  /** Where a box finds Redis. */
  redisUrl(box: string): string {
    return `redis://${textOf(this.#link(box, REDIS).place)}`;
  }

  /** Nothing gets from `box` to `others`, boxes or {@link REDIS}, and nothing back. */
  separate(box: string, others: readonly string[]): void {
    for (const link of this.#between(box, others)) link.cut();
  }

  /** Ends all that {@link separate} has begun. */
  mend(): void {
    for (const link of this.#links.values()) link.mend();
  }

  /** How many bytes `asking` has got from `asked` so far. */
  answeredBytes(asking: string, asked: string): number {
    return this.#link(asking, asked).answeredBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link[Symbol.asyncDispose]()));
  }

  #between(box: string, others: readonly string[]): Link[] {
    return others.flatMap((other) => {
      const back = this.#links.get(key(other, box));
      return [this.#link(box, other), ...back === undefined ? [] : [back]];
    });
  }

  #link(from: string, to: string): Link {
    const link = this.#links.get(key(from, to));
    if (link === undefined) throw new Error(`there is no link from ${from} to ${to}`);
    return link;
  }
}

function key(from: string, to: string): string {
  return `${from} ${to}`;
}

function textOf({ hostname, port }: Place): string {
  return `${hostname}:${port}`;
}
