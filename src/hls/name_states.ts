/**
 * Where names' numberings are kept, so that no number comes again after a crash.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { configOfText, configText } from "../audio/codec_of.ts";
import { readSmallTextFile } from "../disk/small_file.ts";
import { MAX_SHOWN_SEGMENTS, type ShownOpen } from "./silent_end.ts";
import type { HlsFolder } from "./stream_files.ts";
import type { Numbering } from "./window.ts";

/** Where names' numberings stand, kept so that no number comes again after a crash. */
export interface NameStates {
  /** The names of which something is kept, with the time of the last change. */
  names(): Promise<readonly NamedState[]>;
  /** What is kept of `name`: no number from it on was ever listed. `undefined` where it is damaged. */
  load(name: string): Promise<NameState | undefined>;
  /** Keeps it. No call throws. */
  save(name: string, state: NameState): Promise<boolean>;
  forget(name: string): Promise<void>;
}

/** What is kept of a name. */
export interface NameState extends Numbering {
  /** All that players were shown is in the playlist on disk, so that a broadcast may join it. */
  readonly written: boolean;
  /** What players of low latency were shown before it was whole, the newest last. */
  readonly shownOpen: readonly ShownOpen[];
}

/** What is kept of a name that is new. */
export const NOTHING_KEPT: NameState = {
  ...{ mediaSequence: 0, discontinuitySequence: 0 },
  ...{ written: true, shownOpen: [] },
};

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
  /** What is to be kept. */
  #state: NameState;
  /** The numbers that are kept. */
  #kept: Numbering;
  /** Settles when all of {@link #state} is kept, or cannot be. */
  #saving: Promise<void> = Promise.resolve();
  /** Whether a save is to follow the one under way. */
  #isDue = false;

  /** @param state what is kept already */
  constructor(name: string, states: Pick<NameStates, "save">, state: NameState = NOTHING_KEPT) {
    this.#name = name;
    this.#states = states;
    this.#state = state;
    this.#kept = state;
  }

  /** Resolves when all numbers below those of `next` are reserved, or cannot be. */
  async cover(next: Numbering): Promise<void> {
    const { mediaSequence, discontinuitySequence } = next;
    const { mediaSequence: media, discontinuitySequence: discontinuity } = this.#kept;
    if (mediaSequence <= media && discontinuitySequence <= discontinuity) return;
    await this.#save({ mediaSequence: mediaSequence + BLOCK, discontinuitySequence });
  }

  /** Takes note of whether the playlist on disk has all that players were shown. */
  async tellWritten(written: boolean): Promise<void> {
    if (written !== this.#state.written) await this.#save({ written });
  }

  /** Resolves when it is kept that players may have parts of these segments, or that cannot be. */
  async showOpen(shown: readonly ShownOpen[]): Promise<void> {
    const { shownOpen } = this.#state;
    const newest = shownOpen.at(-1)?.sequence ?? -1;
    const added = shown.filter(({ sequence }) => sequence > newest);
    if (added.length === 0) return await this.#saving;
    await this.#save({ shownOpen: [...shownOpen, ...added].slice(-MAX_SHOWN_SEGMENTS) });
  }

  /** Gives back what was reserved and not used: the broadcast is over. */
  async settle(next: Numbering): Promise<void> {
    await this.#save({ ...next, shownOpen: [] });
  }

  /**
   * One save after the other, and one waits at most: it keeps all that has changed by then. What
   * cannot be saved is tried again with the next change.
   */
  #save(change: Partial<NameState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    if (!this.#isDue) {
      this.#isDue = true;
      this.#saving = this.#saving.then(() => this.#keep());
    }
    return this.#saving;
  }

  async #keep(): Promise<void> {
    this.#isDue = false;
    const state = this.#state;
    if (await this.#states.save(this.#name, state)) this.#kept = state;
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
        const { mtime } = await Deno.lstat(`${this.#path}/${entry.name}`);
        names.push({ name, changedAt: mtime?.getTime() ?? 0 });
      }
    });
    return names;
  }

  async load(name: string): Promise<NameState | undefined> {
    const file = `${this.#path}/${name}.json`;
    try {
      return parseNameState(await readSmallTextFile(file, MAX_STATE_BYTES));
    } catch (error) {
      logger.warn("{file} cannot be read, so numbers begin anew at the time: {error}", {
        ...{ file, name },
        error: String(error),
      });
      return undefined;
    }
  }

  async save(name: string, state: NameState): Promise<boolean> {
    const file = `${this.#path}/${name}.json`;
    return await this.#folder.attempt(name, async () => {
      const text = stateText(state);
      try {
        await Deno.writeTextFile(`${file}.new`, text);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        await Deno.mkdir(this.#path, { recursive: true });
        await Deno.writeTextFile(`${file}.new`, text);
      }
      await Deno.rename(`${file}.new`, file);
    });
  }

  async forget(name: string): Promise<void> {
    await this.#folder.attempt(name, async () => {
      try {
        await Deno.remove(`${this.#path}/${name}.json`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    });
  }
}

function stateText({ shownOpen, ...state }: NameState): string {
  const open = shownOpen.map(({ config, ...shown }) => ({ ...shown, config: configText(config) }));
  const isNone = open.length === 0;
  return JSON.stringify(isNone ? state : { ...state, shownOpen: open }) + "\n";
}

/** Reads what {@link StateFiles} keep of a name. @throws {SyntaxError} where it is something else */
export function parseNameState(text: string): NameState {
  const value: unknown = JSON.parse(text);
  const { mediaSequence, discontinuitySequence, written, shownOpen }: StateInFile = Object(value);
  if (isCount(mediaSequence) && isCount(discontinuitySequence)) {
    const shown = Array.isArray(shownOpen) ? shownOpen.map(shownOpenOf) : [];
    return {
      ...{ mediaSequence, discontinuitySequence, written: written === true },
      shownOpen: shown.filter((open) => open !== undefined),
    };
  }
  throw new SyntaxError("Cannot parse a name's state: expected two counts, got something else");
}

/** None of it is known to be what it is to be. */
interface StateInFile extends Readonly<Partial<Record<keyof NameState, unknown>>> {}

function shownOpenOf(value: unknown): ShownOpen | undefined {
  const { sequence, config: text, ...others }: Partial<Record<keyof ShownOpen, unknown>> = Object(
    value,
  );
  const { wallMs, discontinuity, beforeUs } = others;
  const config = configOfText(String(text));
  return isCount(sequence) && isCount(wallMs) && config !== undefined
    ? {
      ...{ sequence, wallMs, config, discontinuity: discontinuity === true },
      beforeUs: Number(beforeUs) > 0 ? Number(beforeUs) : undefined,
    }
    : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Media sequence numbers that are reserved at a time. */
const BLOCK = 1000;
/** Above what {@link MAX_SHOWN_SEGMENTS} take, each with the longest configuration that there is. */
const MAX_STATE_BYTES = 16 * 1024;
const STATE_FILE = /^([A-Za-z0-9_-]{1,128})\.json$/;

const logger = getLogger(["echo", "hls"]);
