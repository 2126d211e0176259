import type { HlsFolder } from "./stream_files.ts";
import type { Numbering } from "./window.ts";

/** Media sequence numbers that are reserved at a time. */
const BLOCK = 1000;
const STATE_FILE = /^([A-Za-z0-9_-]{1,128})\.json$/;

/** Where names' numberings stand, kept so that no number comes again after a crash. */
export interface NameStates {
  /** The names of which something is kept, with the time of the last change. */
  names(): Promise<readonly NamedState[]>;
  /** What is kept of `name`: no number from it on was ever listed. */
  load(name: string): Promise<Numbering | undefined>;
  /** Keeps it. No call throws. */
  save(name: string, numbering: Numbering): Promise<boolean>;
  forget(name: string): Promise<void>;
}

/** A name of which something is kept. */
export interface NamedState {
  readonly name: string;
  /** In milliseconds since the epoch. */
  readonly changedAt: number;
}

/**
 * Reserves a name's numbers before they are listed: media sequence numbers in blocks, discontinuity
 * sequence numbers as they come.
 */
export class Reservation {
  readonly #name: string;
  readonly #states: Pick<NameStates, "save">;
  #mediaSequence = -Infinity;
  #discontinuitySequence = -Infinity;

  constructor(name: string, states: Pick<NameStates, "save">) {
    this.#name = name;
    this.#states = states;
  }

  /** Resolves when all numbers below those of `next` are reserved, or cannot be. */
  async cover(next: Numbering): Promise<void> {
    const { mediaSequence, discontinuitySequence } = next;
    const covered = mediaSequence <= this.#mediaSequence &&
      discontinuitySequence <= this.#discontinuitySequence;
    if (!covered) await this.#save(mediaSequence + BLOCK, discontinuitySequence);
  }

  /** Gives back what was reserved and not used: the broadcast is over. */
  async settle(next: Numbering): Promise<void> {
    await this.#save(next.mediaSequence, next.discontinuitySequence);
  }

  async #save(mediaSequence: number, discontinuitySequence: number): Promise<void> {
    const saved = await this.#states.save(this.#name, { mediaSequence, discontinuitySequence });
    if (!saved) return;
    this.#mediaSequence = mediaSequence;
    this.#discontinuitySequence = discontinuitySequence;
  }
}

/** Numberings as files in a folder beside the broadcasts'. */
export class StateFiles implements NameStates {
  readonly #folder: HlsFolder;
  readonly #path: string;

  constructor(folder: HlsFolder) {
    this.#folder = folder;
    this.#path = `${folder.path}/.state`;
  }

  async names(): Promise<readonly NamedState[]> {
    const names: NamedState[] = [];
    await this.#folder.attempt(undefined, async () => {
      await Deno.mkdir(this.#path, { recursive: true });
      for await (const entry of Deno.readDir(this.#path)) {
        const name = entry.name.match(STATE_FILE)?.[1];
        if (name === undefined) continue;
        const { mtime } = await Deno.stat(`${this.#path}/${entry.name}`);
        names.push({ name, changedAt: mtime?.getTime() ?? 0 });
      }
    });
    return names;
  }

  async load(name: string): Promise<Numbering | undefined> {
    try {
      const text = await Deno.readTextFile(`${this.#path}/${name}.json`);
      return parseNumbering(JSON.parse(text));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  async save(name: string, numbering: Numbering): Promise<boolean> {
    const file = `${this.#path}/${name}.json`;
    return await this.#folder.attempt(name, async () => {
      await Deno.mkdir(this.#path, { recursive: true });
      await Deno.writeTextFile(`${file}.new`, JSON.stringify(numbering) + "\n");
      await Deno.rename(`${file}.new`, file);
    });
  }

  async forget(name: string): Promise<void> {
    await this.#folder.attempt(name, () => Deno.remove(`${this.#path}/${name}.json`));
  }
}

function parseNumbering(value: unknown): Numbering | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { mediaSequence, discontinuitySequence } = value as Partial<Numbering>;
  return isCount(mediaSequence) && isCount(discontinuitySequence)
    ? { mediaSequence, discontinuitySequence }
    : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
