/**
 * Which files the playlists of a name list, and which they may have listed a while ago: whoever makes
 * up names of files is not to cost other boxes anything.
 *
 * @module
 */
import type { ServedPlaylist } from "./origin.ts";

/** What is listed in versions of playlists, which are read when somebody asks. */
export class ListedFiles {
  readonly #playlists: ReadonlyMap<string, ServedPlaylist>;
  #text: string | undefined;
  #sequences: readonly [oldest: number, newest: number] | undefined;

  constructor(playlists: ReadonlyMap<string, ServedPlaylist>) {
    this.#playlists = playlists;
  }

  /** To be called when a playlist has changed. */
  change(): void {
    this.#text = undefined;
  }

  /** Whether a playlist lists the file now. */
  has(file: string): boolean {
    this.#read();
    return [`\n${file}\n`, `"${file}"`].some((entry) => this.#text?.includes(entry));
  }

  /** Whether the file may have been listed a while ago, or is about to be, for its sequence number. */
  mayHaveHad(file: string): boolean {
    this.#read();
    const sequence = SEQUENCE.exec(file)?.[1];
    if (sequence === undefined || this.#sequences === undefined) return true;
    const [oldest, newest] = this.#sequences;
    return Number(sequence) >= oldest - KEPT && Number(sequence) <= newest + 1;
  }

  #read(): void {
    if (this.#text !== undefined) return;
    const decoder = new TextDecoder();
    const texts = Array.from(this.#playlists.values(), ({ text }) => decoder.decode(text));
    const text = this.#text = texts.join("\n");
    const sequences = Array.from(text.matchAll(LISTED), ([, sequence]) => Number(sequence));
    this.#sequences = sequences.length === 0 ? undefined : [
      sequences.reduce((a, b) => Math.min(a, b)),
      sequences.reduce((a, b) => Math.max(a, b)),
    ];
  }
}

const SEQUENCE = /^(\d{1,16})-/;
/** Of a segment or a part. */
const LISTED = /(?<=[\n"])(\d{1,16})-\d/g;
/** More than is kept behind a playlist, with the numbers that are left out when a box takes over. */
const KEPT = 256;
