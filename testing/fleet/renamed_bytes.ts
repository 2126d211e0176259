/** Words in a stream of bytes that are replaced with others of the same length. */
import { Buffer } from "node:buffer";

/** Replaces words in a stream, also where they are split across reads. */
export class RenamedBytes {
  readonly #names: ReadonlyMap<string, string>;
  /** What may be the beginning of a word. */
  #rest = "";

  /** @param names by which others each is replaced, which has to be as long */
  constructor(names: ReadonlyMap<string, string>) {
    this.#names = names;
    for (const [from, to] of names) {
      if (from.length === to.length) continue;
      throw new RangeError(`Cannot replace ${from}: expected a word as long, got ${to}`);
    }
  }

  /** @returns what can be told so far: all but what may be the beginning of a word */
  feed(bytes: Uint8Array): Uint8Array {
    let text = this.#rest + Buffer.from(bytes).toString("latin1");
    for (const [from, to] of this.#names) text = text.replaceAll(from, to);
    const held = Math.max(0, ...[...this.#names.keys()].map((name) => overlap(text, name)));
    this.#rest = text.slice(text.length - held);
    return Buffer.from(text.slice(0, text.length - held), "latin1");
  }
}

/** How many bytes at the end of `text` are the beginning of `name`, but not all of it. */
function overlap(text: string, name: string): number {
  for (let length = Math.min(text.length, name.length - 1); length > 0; length--) {
    if (text.endsWith(name.slice(0, length))) return length;
  }
  return 0;
}
