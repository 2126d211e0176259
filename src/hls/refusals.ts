/**
 * Who was refused what a moment ago, so that the same question does not go to the source again and
 * again.
 *
 * @module
 */
import { siteOf } from "../session/network.ts";

/** Refusals of the last seconds. */
export class Refusals {
  /** Of each feed the sites that were refused. */
  readonly #sites = new Map<string, Set<string>>();
  #sweeps = 0;

  /** @param client its address; `undefined` where that stands for many */
  add(feed: string, client: string | undefined): void {
    const sites = this.#sites.get(feed) ?? new Set();
    this.#sites.set(feed, sites.add(siteOf(client ?? "")));
  }

  /** Whether that client, or many others, were refused `feed`. */
  has(feed: string, client: string | undefined): boolean {
    const sites = this.#sites.get(feed);
    return sites !== undefined && (sites.size >= MAX_SITES || sites.has(siteOf(client ?? "")));
  }

  /** Whoever was refused `feed` may have it now. */
  forget(feed: string): void {
    this.#sites.delete(feed);
  }

  /** To be called every second or so. */
  sweep(): void {
    if (++this.#sweeps % KEPT_SWEEPS === 0) this.#sites.clear();
  }
}

/** A refusal holds until the sweep with such a number. */
const KEPT_SWEEPS = 5;
/** Where so many sites were refused, all others are. */
const MAX_SITES = 64;
