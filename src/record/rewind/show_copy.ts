/** A copy of a show that may be rewound: what of it is listed, and what is served. */
import { entityTag } from "../../web/entity_tag.ts";
import { gzip } from "../../web/gzip.ts";
import { type KnownShow, NOTHING_FORGOTTEN, type PieceNews, type ShowNews } from "./show_news.ts";
import { renderShowPlaylist } from "./show_playlist.ts";
import {
  type CopiedPiece,
  countSegments,
  segmentMs,
  segmentsOf,
  type ShowSegment,
} from "./show_segments.ts";

/** A version of a show's playlist, as it goes over HTTP. */
export class ShowVersion {
  readonly text: Uint8Array<ArrayBuffer>;
  /** Its entity tag, with its quotes. */
  readonly etag: string;
  #compressed: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor(text: string | Uint8Array<ArrayBuffer>) {
    this.text = typeof text === "string" ? encoder.encode(text) : text;
    this.etag = entityTag(this.text);
  }

  /** The text by gzip, which is made once. */
  get compressed(): Promise<Uint8Array<ArrayBuffer>> {
    this.#compressed ??= gzip(this.text);
    return this.#compressed;
  }
}

/** A show, as far as news of it have come. */
export class ShowCopy {
  /** When its first frame was due, in milliseconds since the epoch. */
  readonly startMs: number;
  readonly #boundMs: number;
  #forgotten = NOTHING_FORGOTTEN;
  #pieces: CopiedPiece[] = [];
  #served: ServedShow = { segments: [], version: undefined, next: 0, ended: false };

  /** @param boundMs how far behind its newest frame a show may be heard, in milliseconds */
  constructor(startMs: number, boundMs: number) {
    this.startMs = startMs;
    this.#boundMs = boundMs;
  }

  /** Unix time at which it began. */
  get start(): number {
    return Math.floor(this.startMs / 1000);
  }

  get known(): KnownShow {
    const isOpen = this.#pieces.at(-1)?.over === false;
    const { forgotten = 0, starts = [] } = isOpen ? this.#pieces.at(-1) ?? {} : {};
    return {
      start: this.startMs,
      pieces: this.#forgotten.pieces + this.#pieces.length - (isOpen ? 1 : 0),
      segments: forgotten + starts.length,
    };
  }

  /** How many segments' starts it keeps. */
  get copiedSegments(): number {
    return this.#pieces.reduce((sum, { starts }) => sum + starts.length, 0);
  }

  /** Takes what is new to who knows as much as {@link known}. */
  take({ forgotten, pieces, ended }: ShowNews): void {
    const from = Math.max(0, this.known.pieces - forgotten.pieces);
    const gone = forgotten.pieces - this.#forgotten.pieces;
    this.#pieces.splice(0, gone);
    this.#forgotten = forgotten;
    for (const [i, news] of pieces.entries()) {
      this.#pieces[from + i] = merged(this.#pieces[from + i], news);
    }
    const next = forgotten.segments + countSegments(this.#pieces);
    if (gone === 0 && next === this.#served.next && ended === this.#served.ended) return;
    this.#served = serve(segmentsOf(this.#pieces, forgotten), {
      start: this.start,
      boundMs: this.#boundMs,
      next,
      ended,
    });
  }

  /** The newest version of its playlist; `undefined` where there is nothing to list. */
  get version(): ShowVersion | undefined {
    return this.#served.version;
  }

  /** The segment with this media sequence number; `undefined` where it may not be had. */
  segment(sequence: number): ShowSegment | undefined {
    const { segments } = this.#served;
    return segments[sequence - (segments[0]?.sequence ?? 0)];
  }

  /** Any segment of a piece that may be had. */
  segmentOf(piece: number): ShowSegment | undefined {
    return this.#served.segments.find((segment) => segment.piece === piece);
  }
}

/** What may be had of a show. */
interface ServedShow {
  readonly segments: readonly ShowSegment[];
  readonly version: ShowVersion | undefined;
  /** The media sequence number behind all of it. */
  readonly next: number;
  readonly ended: boolean;
}

/** What a show is served by, beside its segments. */
interface ServeOptions extends Pick<ServedShow, "next" | "ended"> {
  readonly start: number;
  readonly boundMs: number;
}

function serve(
  segments: readonly ShowSegment[],
  { start, boundMs, next, ended }: ServeOptions,
): ServedShow {
  const openMs = ended ? 0 : OPEN_MS;
  const within = (ms: number) => segments.slice(firstWithin(segments, ms - openMs));
  const listed = within(listedMs(boundMs));
  if (listed.length === 0) return { segments: [], version: undefined, next, ended };
  const keepsAll = boundMs === Infinity && listed[0]?.sequence === 0;
  const text = renderShowPlaylist({ start, segments: listed, keepsAll, ended });
  const version = new ShowVersion(text);
  return { segments: within(boundMs), version, next, ended };
}

/**
 * How far back a show is listed that may be heard `boundMs` back: who reads its playlist now is to
 * find a segment a moment later, too.
 */
export function listedMs(boundMs: number): number {
  return boundMs - Math.min(LEAVING_MS, boundMs / 4);
}

/** Which is the first segment that is `ms` before the end of the last one at most. */
function firstWithin(segments: readonly ShowSegment[], ms: number): number {
  let [first, left] = [segments.length, ms];
  for (let at = first - 1; at >= 0; at--) {
    const segment = segments[at];
    left -= segment === undefined ? Infinity : segmentMs(segment);
    if (left < 0) break;
    first = at;
  }
  return first;
}

function merged(known: CopiedPiece | undefined, news: PieceNews): CopiedPiece {
  const { facts, first, from, segments, frames, end, silentFragments, over } = news;
  const { forgotten = from, starts = [] } = known ?? {};
  const follows = from <= forgotten + starts.length && from >= forgotten;
  const gone = Math.max(0, first - forgotten);
  return {
    ...{ facts, frames, end, silentFragments, over },
    forgotten: follows ? forgotten + gone : from,
    starts: follows ? [...starts.slice(gone, from - forgotten), ...segments] : segments,
  };
}

const encoder = new TextEncoder();
/** How much there is at most behind the last whole segment, which counts as heard already. */
const OPEN_MS = 7000;
/** How long before a segment may not be had any more it is not listed any more. */
const LEAVING_MS = 16_000;
