/**
 * What is to be sent to a box of an answer that goes on, as far as it has not been sent.
 *
 * @module
 */
import type { LiveSource } from "../../http/live_body.ts";
import { frameOf } from "./frames.ts";

/** Messages to one box. It is left where they are too many: that box does not read them. */
export class FeedSource implements LiveSource {
  /** The oldest first. */
  #pieces: Piece[] = [];
  #bytes = 0;
  #isOver = false;
  #tell = () => {};
  readonly #onOver: () => void;

  /** @param onOver called once, when nothing is sent any more */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** Whether all is sent. */
  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** @param onSent called once it is sent */
  write(message: unknown, onSent?: () => void): void {
    if (this.#isOver) return;
    const pieces = frameOf(message);
    for (const [i, bytes] of pieces.entries()) {
      this.#bytes += bytes.length;
      this.#pieces.push({ bytes, onSent: i === pieces.length - 1 ? onSent : undefined });
    }
    if (this.#bytes > MAX_UNSENT) this.leave();
    this.#tell();
  }

  next(): Uint8Array | undefined {
    if (this.#isOver) return undefined;
    return this.#pieces[0]?.bytes ?? NOTHING;
  }

  sent(bytes: number): void {
    const [first] = this.#pieces;
    if (first === undefined) return;
    this.#bytes -= bytes;
    if (bytes < first.bytes.length) {
      this.#pieces[0] = { ...first, bytes: first.bytes.subarray(bytes) };
      return;
    }
    this.#pieces.shift();
    first.onSent?.();
  }

  onMore(tell: () => void): void {
    this.#tell = tell;
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pieces = [];
    this.#bytes = 0;
    this.#tell();
    this.#onOver();
  }
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly onSent: (() => void) | undefined;
}

/** Several times what the distributors hold of a replica that does not keep up, and of titles. */
const MAX_UNSENT = 96 * 2 ** 20;
const NOTHING = new Uint8Array();
