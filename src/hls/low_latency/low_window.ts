/**
 * What a playlist of low latency lists, from the first part of a segment on, and under which names.
 *
 * @module
 */
import type { PackagedPart } from "../fmp4_packager.ts";
import type { SegmentMaker } from "../segment_name.ts";
import { type Numbering, Window } from "../window.ts";
import type { PlaylistEdge } from "./directives.ts";
import { partFile, type SegmentStem, wholeFile } from "./low_names.ts";
import type { ListedPart, LowPlaylist, PartedSegment, WholeSegment } from "./low_playlist.ts";

/** What is known of a segment when it begins. */
export interface SegmentStart {
  readonly discontinuity: boolean;
  /** Wall time of its first sample, in milliseconds since the epoch. */
  readonly wallMs: number;
  /** What the init section that it needs is called. */
  readonly initUri: string;
}

/** Segments of which one has just become whole. */
export interface SlidWindow {
  readonly whole: WholeSegment;
  /** Those that have left the playlist for it. */
  readonly left: readonly WholeSegment[];
}

/** How far a version goes, and what comes next. */
export interface LowEdge extends PlaylistEdge {
  /** Seconds. */
  readonly targetDuration: number;
  /** The part that it hints at; `undefined` where there is none. */
  readonly nextPartUri: string | undefined;
}

export interface LowWindowOptions {
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
  /** Those of the first segment. */
  readonly numbering: Numbering;
  /** As {@link SegmentStem.nonce}. */
  readonly nonce: string;
  /** As {@link SegmentStem.maker}. */
  readonly maker?: SegmentMaker | undefined;
  /** How many whole segments the first version lists. Default {@link LEAST_SEGMENTS}. */
  readonly leastSegments?: number | undefined;
}

/**
 * The sliding window of a playlist of low latency. The part that it hints at is always the one that
 * comes next, so a segment has its name before it begins.
 */
export class LowWindow {
  readonly #options: LowWindowOptions;
  readonly #window: Window<KeptSegment>;
  #open: OpenSegment | undefined;
  /** Of the segment behind the last one; `undefined` before the first. */
  #nextStem: SegmentStem | undefined;
  #ended = false;

  constructor(options: LowWindowOptions) {
    this.#options = options;
    this.#window = new Window(options.targetDuration, options.numbering);
  }

  /** The number of the open segment, or of the one that comes next. */
  get openSequence(): number {
    return this.#window.end.mediaSequence;
  }

  /** The segments that are whole. */
  get segments(): readonly WholeSegment[] {
    return this.#window.segments;
  }

  /**
   * Lists a whole segment, of which no more parts come. None is open.
   * @param now on `Clock.awake`
   */
  add(segment: Omit<WholeSegment, "sequence">, now: number): void {
    const { openSequence: sequence } = this;
    this.#window.slide([{ ...segment, sequence, wholeAt: now }], () => false);
  }

  /** A segment begins. It is not listed before it has a part. */
  begin(start: SegmentStart): void {
    const stem = this.#nextStem ?? this.#stemAt(start.wallMs);
    this.#open = { ...start, stem, parts: [], size: 0 };
  }

  /**
   * The open segment has another part.
   * @returns what the part is called
   */
  addPart({ bytes, durationUs }: PackagedPart): string {
    const open = this.#openSegment();
    const uri = partFile(open.stem, open.parts.length);
    open.parts.push({ uri, durationUs });
    open.size += bytes.length;
    return uri;
  }

  /**
   * The open segment is whole.
   * @param now on `Clock.awake`
   */
  complete(durationUs: number, now: number): SlidWindow {
    const { stem, ...open } = this.#openSegment();
    const { targetDuration } = this.#options;
    const { sequence } = stem;
    const whole = { ...open, sequence, uri: wholeFile(stem), durationUs, wholeAt: now };
    const listedSince = now - MIN_LISTED * 1000 * targetDuration;
    const left = this.#window.slide([whole], ({ wholeAt }) => wholeAt <= listedSince);
    this.#open = undefined;
    this.#nextStem = this.#stemAt(open.wallMs + durationUs / 1000);
    return { whole, left };
  }

  /** Nothing follows the last whole segment, and none is open. */
  end(): void {
    this.#ended = true;
  }

  /**
   * The version of the playlist that lists all of it, valid until the next change; `undefined` while
   * that is too little.
   */
  get version(): Omit<LowPlaylist, "tags"> | undefined {
    const { targetDuration, leastSegments = LEAST_SEGMENTS } = this.#options;
    const { segments } = this.#window;
    const nextPartUri = this.#nextPartUri;
    const isEnough = this.#ended
      ? segments.length > 0
      : segments.length >= leastSegments && nextPartUri !== undefined;
    if (!isEnough) return undefined;
    return {
      ...{ ...this.#window.begin, targetDuration, segments },
      open: this.#listedOpen,
      nextPartUri,
    };
  }

  /** How far that version goes. */
  get edge(): LowEdge {
    return {
      targetDuration: this.#options.targetDuration,
      nextPartUri: this.version?.nextPartUri,
      openSequence: this.openSequence,
      openParts: this.#open?.parts.length ?? 0,
      lastParts: this.segments.at(-1)?.parts.length ?? 0,
      ended: this.#ended,
    };
  }

  /** The part that comes next; `undefined` where none does, or its segment has no name yet. */
  get #nextPartUri(): string | undefined {
    const stem = this.#open?.stem ?? this.#nextStem;
    if (this.#ended || stem === undefined) return undefined;
    return partFile(stem, this.#open?.parts.length ?? 0);
  }

  /** The open segment, once it has a part. */
  get #listedOpen(): PartedSegment | undefined {
    const open = this.#open;
    return open === undefined || open.parts.length === 0 ? undefined : open;
  }

  #openSegment(): OpenSegment {
    if (this.#open !== undefined) return this.#open;
    throw new Error("Cannot add to a segment of low latency: none is open");
  }

  #stemAt(wallMs: number): SegmentStem {
    const { nonce, maker } = this.#options;
    return { sequence: this.openSequence, wallMs, nonce, maker };
  }
}

interface OpenSegment extends SegmentStart {
  readonly stem: SegmentStem;
  readonly parts: ListedPart[];
  /** In bytes. */
  size: number;
}

interface KeptSegment extends WholeSegment {
  /** Since when it is listed as whole, on `Clock.awake`. */
  readonly wholeAt: number;
}

/** The first version lists so many whole segments: a player begins three parts before the end. */
export const LEAST_SEGMENTS = 3;
/** A segment is listed for this many target durations at least: players look once in each. */
const MIN_LISTED = 3;
