/**
 * Heads of requests, one behind the other.
 *
 * @module
 */
import { parseIcecastRequest } from "./icecast_request.ts";
import { LineReader } from "./line_reader.ts";

/** Finds the heads in what a client sends. */
export class HeadReader {
  readonly #reader = new LineReader();
  /** Those of the head that is being read. */
  #lines: string[] = [];

  /**
   * Takes bytes up to the end of a line. Empty lines before a head are passed over. A first line that is
   * none of a request is all that is read: a source of Shoutcast sends no more before it is answered.
   * @returns how many bytes were taken, and the lines of the head where that line was its end
   * @throws {HeadTooLong}
   */
  take(bytes: Uint8Array): { readonly used: number; readonly lines?: readonly string[] } {
    const { used, line } = this.#reader.take(bytes);
    if (line === undefined) return { used };
    if (line !== "") this.#lines.push(line);
    const isNone = this.#lines.length === 1 && parseIcecastRequest(this.#lines) === undefined;
    if (!isNone && (line !== "" || this.#lines.length === 0)) return { used };
    const lines = this.#lines;
    this.#lines = [];
    this.#reader.restart();
    return { used, lines };
  }
}
