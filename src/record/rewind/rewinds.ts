/** The shows that may be rewound, where they are recorded. */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../../audio/audio_config.ts";
import type { Clock, Timer } from "../../session/clock.ts";
import { drive } from "../drive.ts";
import { messageOf } from "../files.ts";
import type { PartIndex } from "../part.ts";
import { ArchivedFiles } from "./archived_files.ts";
import { readIndex } from "./read_index.ts";
import { listedMs } from "./show_copy.ts";
import { framesPerSegment, type ShowNews, type ShowQuestion } from "./show_news.ts";
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
  readonly clock: Pick<Clock, "now" | "every">;
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
  readonly #sweeper: Timer;
  #liveShow: (name: string) => LiveShow | undefined = () => undefined;

  constructor(options: RewindsOptions) {
    this.#options = options;
    this.#files = new ArchivedFiles(options.path);
    this.#kept = new KeptShows(options.path);
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
      else this.#shows.set(name, restored(live, state));
    }
  }

  /** A file of the broadcast `name` begins. @returns who is to hear what is written to it */
  readonly index = (
    name: string,
    config: AudioConfig,
    startTime: number,
  ): PartIndex | undefined => {
    const live = this.#liveShow(name);
    if (live === undefined) return undefined;
    let show = this.#shows.get(name);
    if (show?.live !== live) {
      show = { live, start: startTime, pieces: [], unread: new Map() };
      this.#shows.set(name, show);
    }
    const piece = new ShowPiece(config, startTime, () => this.#keep(name));
    show.pieces.push(piece);
    return piece;
  };

  /** What is new of the show of `name`; `undefined` where there is none. Never rejects. */
  async news({ name, known }: ShowQuestion): Promise<ShowNews | undefined> {
    const show = this.#find(name);
    if (show === undefined) return undefined;
    await this.#read(name, show);
    const { start, live } = show;
    const [pieces, segments] = known?.start === start ? [known.pieces, known.segments] : [0, 0];
    const written = writtenPieces(show);
    return {
      start,
      ended: live.ended && show.pieces.every(({ isOver }) => isOver),
      pieces: written.slice(pieces).flatMap((piece, i) => piece.news(i === 0 ? segments : 0) ?? []),
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
    await this.#kept.idle();
  }

  #find(name: string): Show | undefined {
    const show = this.#shows.get(name);
    return show === undefined || show.live !== this.#liveShow(name) ? undefined : show;
  }

  #keep(name: string): void {
    this.#kept.save(name, () => {
      const { start = 0, pieces = [] } = this.#shows.get(name) ?? {};
      return { start, pieces: pieces.flatMap((piece) => piece.kept ?? []) };
    });
  }

  /** Reads what is in the files of earlier runs, once. */
  async #read(name: string, { pieces, unread }: Show): Promise<void> {
    for (const [i, piece] of pieces.entries()) {
      const reading = unread.get(piece);
      if (reading === undefined) continue;
      if (reading === "not begun") unread.set(piece, this.#readPiece(name, piece, pieces[i + 1]));
      await unread.get(piece);
    }
    unread.clear();
  }

  async #readPiece(name: string, piece: ShowPiece, next: ShowPiece | undefined): Promise<void> {
    const { facts, startTime, index } = piece;
    if (facts === undefined) return;
    const { file, identity, firstFrame } = facts;
    const isContinued = next?.facts?.identity === identity;
    const endFrame = isContinued ? next?.facts?.firstFrame ?? Infinity : Infinity;
    try {
      using handle = await this.#files.open(name, { file, identity });
      if (handle === undefined) return;
      const { size } = await handle.stat();
      await drive(handle, readIndex(size, { firstFrame, endFrame, startTime }, index));
    } catch (error) {
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
        this.#shows.delete(name);
        this.#kept.forget(name);
        continue;
      }
      show.pieces = show.pieces.filter(({ isVoid }) => !isVoid);
      let leftMs = this.#options.boundMs + KEPT_MS;
      for (const piece of show.pieces.toReversed()) {
        piece.index.forget(Math.max(0, leftMs));
        leftMs -= piece.durationMs;
      }
    }
  }
}

/** A show that may be rewound. */
interface Show {
  readonly live: LiveShow;
  /** When its first frame was due, in milliseconds since the epoch. */
  readonly start: number;
  pieces: ShowPiece[];
  /** Pieces that an earlier run wrote and that are not read yet. */
  readonly unread: Map<ShowPiece, "not begun" | Promise<void>>;
}

/** Those that have begun, up to the first that goes on. */
function writtenPieces({ pieces }: Show): ShowPiece[] {
  const there = pieces.filter(({ isVoid }) => !isVoid);
  const open = there.findIndex(({ isOver }) => !isOver);
  const written = open === -1 ? there : there.slice(0, open + 1);
  return written.filter(({ facts }) => facts !== undefined);
}

function restored(live: LiveShow, { start, pieces }: KeptShow): Show {
  const all = pieces.map((piece) => ShowPiece.restore(piece));
  return { live, start, pieces: all, unread: new Map(all.map((piece) => [piece, "not begun"])) };
}

const SWEEP_MS = 5000;
/** How much more is known than what may be heard. */
const KEPT_MS = 60_000;
