/** The shows that may be rewound, where they are recorded. */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../../audio/audio_config.ts";
import { codecOf } from "../../audio/codec_of.ts";
import type { Clock, Timer } from "../../session/clock.ts";
import { Limiter } from "../../disk/limiter.ts";
import { drive, GivenUp } from "../drive.ts";
import { messageOf } from "../files.ts";
import type { PartIndex } from "../part.ts";
import { ArchivedFiles } from "./archived_files.ts";
import { readIndex } from "./read_index.ts";
import { ReadTurns } from "./read_turns.ts";
import { listedMs } from "./show_copy.ts";
import {
  type ForgottenPieces,
  framesPerSegment,
  NOTHING_FORGOTTEN,
  type ShowQuestion,
  type ShowReply,
} from "./show_news.ts";
import { ShowPiece } from "./show_piece.ts";
import { type KeptShow, KeptShows } from "./kept_shows.ts";

const logger = getLogger(["echo", "record"]);

/**
 * A show as those hear it who listen live: from its first segment to the end of its playlist, by
 * however many sessions. Another object is another show.
 */
export interface LiveShow {
  /** Whether its playlist has ended. */
  readonly ended: boolean;
}

export interface RewindsOptions {
  readonly clock: Pick<Clock, "now" | "every" | "after">;
  /** The archive's folder. */
  readonly path: string;
  /** How far behind its newest frame a show may be heard, in milliseconds; `Infinity`: all of it. */
  readonly boundMs: number;
}

/**
 * Knows in which files each show is, and where its segments are in these. It is told where new
 * fragments go; what an earlier run of the server wrote it reads once somebody asks for it.
 */
export class Rewinds {
  readonly #options: RewindsOptions;
  readonly #files: ArchivedFiles;
  readonly #kept: KeptShows;
  readonly #shows = new Map<string, Show>();
  readonly #reads = new Limiter(READS);
  readonly #turns: ReadTurns;
  #opened = false;
  #closed = false;
  readonly #sweeper: Timer;
  #liveShow: (name: string) => LiveShow | undefined = () => undefined;

  constructor(options: RewindsOptions) {
    this.#options = options;
    this.#files = new ArchivedFiles(options.path);
    this.#kept = new KeptShows(options.path);
    this.#turns = new ReadTurns(options.clock);
    this.#sweeper = options.clock.every(SWEEP_MS, () => this.#sweep());
  }

  /**
   * Goes on with the shows that are still to be heard. To be called before any session begins.
   * @param liveShow the show of a name as it is heard live
   */
  async open(liveShow: (name: string) => LiveShow | undefined): Promise<void> {
    this.#liveShow = liveShow;
    for (const name of await this.#kept.names()) {
      const live = liveShow(name);
      const state = live && await this.#kept.load(name);
      if (live === undefined || state === undefined) await this.#kept.forget(name);
      else this.#shows.set(name, restored(live, state, () => this.#keep(name)));
    }
    this.#opened = true;
  }

  /**
   * A file of the broadcast `name` begins. Where its codec is not offered in fragmented MP4, nothing
   * that is on air so far can be rewound any more.
   * @returns who is to hear what is written to it
   */
  readonly index = (
    name: string,
    config: AudioConfig,
    startTime: number,
  ): PartIndex | undefined => {
    const live = this.#liveShow(name);
    if (live === undefined) return undefined;
    if (!codecOf(config).inFragmentedMp4) {
      this.#forget(name);
      return undefined;
    }
    let show = this.#shows.get(name);
    if (show?.live !== live) {
      show = newShow(live, startTime);
      this.#shows.set(name, show);
    }
    const piece = new ShowPiece(config, startTime, () => this.#keep(name));
    show.pieces.push(piece);
    return piece;
  };

  /** A recording was deleted: nobody may hear any more what is in it, and what was before that. */
  readonly removed = (identity: string): void => {
    for (const [name, show] of this.#shows) {
      const last = show.pieces.findLastIndex(({ facts }) => facts?.identity === identity);
      this.#forgetPieces(name, show, last + 1);
    }
  };

  /** Whether a show that may be rewound is in that file, or it is not known yet. */
  holds(identity: string): boolean {
    if (!this.#opened) return true;
    for (const { pieces } of this.#shows.values()) {
      if (pieces.some(({ facts }) => facts?.identity === identity)) return true;
    }
    return false;
  }

  /** What is new of the show of `name`. Nobody waits for the disk: what is unread is read meanwhile. */
  news({ name, known }: ShowQuestion): ShowReply {
    const show = this.#find(name);
    if (show === undefined) return undefined;
    if (show.unread.length > 0) {
      if (!show.isBeingRead) this.#read(name, show);
      return "unread";
    }
    const { start, live, forgotten } = show;
    const [pieces, segments] = known?.start === start ? [known.pieces, known.segments] : [0, 0];
    const at = pieces - forgotten.pieces;
    const written = writtenPieces(show).slice(Math.max(0, at));
    return {
      start,
      forgotten,
      ended: live.ended && show.pieces.every(({ isOver }) => isOver),
      pieces: written.flatMap((piece, i) => piece.news(i === 0 && at >= 0 ? segments : 0) ?? []),
    };
  }

  /**
   * The earliest moment of the show of `name` that can be heard, in milliseconds since the epoch;
   * `undefined` where none can.
   */
  earliest(name: string): number | undefined {
    const show = this.#find(name);
    const first = show && writtenPieces(show)[0];
    if (first === undefined) return undefined;
    const isThere = first.isOver || first.index.frames >= framesPerSegment(first.index.rates);
    if (!isThere) return undefined;
    const { clock, boundMs } = this.#options;
    return Math.max(first.startTime, clock.now() - listedMs(boundMs));
  }

  /** Keeps what the next run of the server goes on with. */
  async close(): Promise<void> {
    this.#sweeper.cancel();
    this.#closed = true;
    this.#turns.close();
    await this.#kept.idle();
  }

  #find(name: string): Show | undefined {
    const show = this.#shows.get(name);
    return show === undefined || show.live !== this.#liveShow(name) ? undefined : show;
  }

  #forget(name: string): void {
    this.#shows.delete(name);
    this.#kept.forget(name);
  }

  #keep(name: string): void {
    if (!this.#shows.has(name)) return;
    this.#kept.save(name, () => {
      const { start = 0, forgotten, pieces = [] } = this.#shows.get(name) ?? {};
      return { start, forgotten, pieces: pieces.flatMap((piece) => piece.kept ?? []) };
    });
  }

  /** Reads what is in the files of earlier runs, once. */
  async #read(name: string, show: Show): Promise<void> {
    show.isBeingRead = true;
    for (const piece of show.unread) {
      await this.#reads.run(() => this.#readPiece(name, show, piece));
    }
    show.unread = [];
  }

  async #readPiece(name: string, show: Show, piece: ShowPiece): Promise<void> {
    const { facts, startTime, index, from } = piece;
    if (facts === undefined) return;
    const { file, identity, firstFrame } = facts;
    const next = show.pieces[show.pieces.indexOf(piece) + 1]?.facts;
    const endFrame = next?.identity === identity ? next.firstFrame : Infinity;
    try {
      using handle = await this.#files.open(name, { file, identity });
      if (handle === undefined) return piece.lost();
      const { size } = await handle.stat();
      const extent = { firstFrame, endFrame, startTime, from };
      const steps = readIndex(size, extent, index);
      const giveUp = () => this.#closed || this.#shows.get(name) !== show;
      await drive(handle, steps, giveUp, this.#turns.join());
      // It was deleted while it was read.
      if ((await handle.stat()).nlink === 0) piece.lost();
    } catch (error) {
      if (error instanceof GivenUp) return;
      logger.warn("Cannot read {file}, so that part of the show cannot be rewound: {error}", {
        ...{ file, name },
        error: messageOf(error),
      });
    }
  }

  /** Forgets what nobody may hear any more. */
  #sweep(): void {
    for (const [name, show] of this.#shows) {
      if (show.live !== this.#liveShow(name)) {
        this.#forget(name);
        continue;
      }
      const pieces = show.pieces = show.pieces.filter(({ isVoid }) => !isVoid);
      let leftMs = this.#options.boundMs + KEPT_MS;
      let old = Math.max(0, pieces.length - MAX_PIECES);
      for (const [i, piece] of [...pieces.entries()].toReversed()) {
        piece.forget(Math.max(0, leftMs));
        if (leftMs <= 0) old = Math.max(old, i + 1);
        leftMs -= piece.durationMs;
      }
      this.#forgetPieces(name, show, old);
    }
  }

  /** Forgets the first `count` pieces of a show; where these are not read yet, once they are. */
  #forgetPieces(name: string, show: Show, count: number): void {
    if (count === 0) return;
    if (show.unread.length > 0) {
      if (!show.isBeingRead) this.#read(name, show);
      return;
    }
    let { pieces, segments, withSegments } = show.forgotten;
    const open = show.pieces.findIndex(({ isOver }) => !isOver);
    const gone = show.pieces.splice(0, open === -1 ? count : Math.min(open, count));
    if (gone.length === 0) return;
    for (const piece of gone) {
      pieces++;
      segments += piece.segments;
      if (piece.segments > 0) withSegments++;
    }
    show.forgotten = { pieces, segments, withSegments };
    this.#keep(name);
  }
}

/** A show that may be rewound. */
interface Show {
  readonly live: LiveShow;
  /** When its first frame was due, in milliseconds since the epoch. */
  readonly start: number;
  /** What was before its pieces. */
  forgotten: ForgottenPieces;
  pieces: ShowPiece[];
  /** Pieces that an earlier run wrote, until all of them are read. */
  unread: readonly ShowPiece[];
  isBeingRead: boolean;
}

/** Those that have begun, up to the first that goes on. */
function writtenPieces({ pieces }: Show): ShowPiece[] {
  const there = pieces.filter(({ isVoid }) => !isVoid);
  const open = there.findIndex(({ isOver }) => !isOver);
  const written = open === -1 ? there : there.slice(0, open + 1);
  return written.filter(({ facts }) => facts !== undefined);
}

function newShow(live: LiveShow, start: number): Show {
  const forgotten = NOTHING_FORGOTTEN;
  return { live, start, forgotten, pieces: [], unread: [], isBeingRead: false };
}

function restored(live: LiveShow, kept: KeptShow, onKept: () => void): Show {
  const show = newShow(live, kept.start);
  show.forgotten = kept.forgotten ?? NOTHING_FORGOTTEN;
  show.unread = kept.pieces.map((piece) => ShowPiece.restore(piece, onKept));
  show.pieces.push(...show.unread);
  return show;
}

const SWEEP_MS = 5000;
/** How many files are read at a time, by turns. */
const READS = 8;
/** How many pieces a show may have: what is kept of these is read in one go after a restart. */
const MAX_PIECES = 1000;
/** How much more is known than what may be heard. */
const KEPT_MS = 60_000;
