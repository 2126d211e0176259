/** What one file has of a show, while it is written and after that. */
import type { Silence } from "../batch.ts";
import type { PartIndex, WrittenFragment } from "../part.ts";
import type { OpenPart } from "../record_folder.ts";
import { PieceIndex } from "./piece_index.ts";
import { countSegments } from "./show_segments.ts";
import {
  durationOf,
  framesPerFragment,
  type PieceFacts,
  type PieceNews,
  type Rates,
  type SegmentPlace,
} from "./show_news.ts";

/** A piece as it is kept for another run of the server. */
export interface KeptPiece extends Omit<PieceFacts, "silence"> {
  /** When its first frame was due, in milliseconds since the epoch. */
  readonly startTime: number;
  /** Fragments of silence at its end that listeners may have been shown, and are not in the file. */
  readonly silentFragments: number;
  /** A silent access unit, in hexadecimal. */
  readonly silence: string;
  /** How many segments it has; `undefined` where it was not over yet. */
  readonly segments?: number | undefined;
  /** The first segment that is still known; `undefined` where that is the piece's first. */
  readonly first?: FirstSegment | undefined;
}

/** Where a segment begins, and how many of its piece are before it. */
export interface FirstSegment extends SegmentPlace {
  readonly segments: number;
}

/** A piece of a show. */
export class ShowPiece implements PartIndex {
  readonly index: PieceIndex;
  /** Where the index begins that an earlier run has kept. */
  readonly from: FirstSegment | undefined;
  readonly #rates: Rates;
  readonly #onKept: () => void;
  /** `undefined` until something is in the file. */
  #part: Pick<OpenPart, "file" | "identity"> & { readonly firstFrame: number } | undefined;
  #silence: Uint8Array = new Uint8Array();
  #silentFragments = 0;
  #keptSilence = 0;
  #keptFirst = 0;
  #keptSegments: number | undefined;
  #over = false;
  #startTime: number;

  /**
   * @param onKept called where something has changed that is to be kept for another run
   * @param from where its index begins, if not with the first segment
   */
  constructor(
    rates: Rates,
    startTime: number,
    onKept: () => void,
    from?: FirstSegment,
  ) {
    this.#rates = rates;
    this.#startTime = startTime;
    this.#onKept = onKept;
    this.from = from;
    this.#keptFirst = from?.segments ?? 0;
    this.index = from === undefined
      ? new PieceIndex(rates)
      : PieceIndex.behind(rates, from.segments, from.frame);
  }

  /** A piece that an earlier run has written: all but what its file tells. */
  static restore(kept: KeptPiece, onKept: () => void): ShowPiece {
    const piece = new ShowPiece(kept, kept.startTime, onKept, kept.first);
    piece.#part = kept;
    piece.#silence = Uint8Array.fromHex(kept.silence);
    piece.#silentFragments = piece.#keptSilence = kept.silentFragments;
    piece.#keptSegments = kept.segments;
    piece.#over = true;
    return piece;
  }

  /** Whether it has come to its end with nothing in it. */
  get isVoid(): boolean {
    return this.#over && this.#part === undefined;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** When its first frame was due, in milliseconds since the epoch. */
  get startTime(): number {
    return this.#startTime;
  }

  /** How long it is, in milliseconds. */
  get durationMs(): number {
    const silent = this.#silentFragments * framesPerFragment(this.#rates);
    return durationOf(this.index.frames + silent, this.#rates);
  }

  /** How many segments it has, those included that are forgotten. */
  get segments(): number {
    const news = this.news(0);
    return news === undefined
      ? 0
      : countSegments([{ ...news, forgotten: news.from, starts: news.segments }]);
  }

  /** What is to be kept of it; `undefined` before something is in the file. */
  get kept(): KeptPiece | undefined {
    const facts = this.facts;
    return facts && {
      ...facts,
      startTime: this.startTime,
      silentFragments: this.#keptSilence,
      silence: facts.silence.toHex(),
      segments: this.#keptSegments,
      first: this.#firstSegment(),
    };
  }

  /** `undefined` before something is in the file. */
  get facts(): PieceFacts | undefined {
    if (this.#part === undefined) return undefined;
    const { file, identity, firstFrame } = this.#part;
    const { sampleRate, samplesPerFrame } = this.#rates;
    return { file, identity, firstFrame, sampleRate, samplesPerFrame, silence: this.#silence };
  }

  /**
   * What is new in it for who knows its first `segments` segments; `undefined` before something is
   * in the file.
   */
  news(segments: number): PieceNews | undefined {
    const { facts, index } = this;
    return facts && {
      facts,
      first: index.first,
      from: Math.max(segments, index.first),
      segments: index.startsFrom(segments),
      frames: index.frames,
      end: index.end,
      silentFragments: this.#silentFragments,
      over: this.#over,
    };
  }

  written(
    { file, identity, continues }: Omit<OpenPart, "handle">,
    fragment: WrittenFragment,
  ): void {
    this.index.add(fragment);
    if (fragment.wallMs === undefined) this.#promise(this.#silentFragments - 1);
    if (this.#part !== undefined) return;
    this.#part = { file, identity, firstFrame: continues?.frames ?? 0 };
    this.#startTime = fragment.wallMs ?? this.#startTime;
    this.#onKept();
  }

  promised({ data, fragments }: Silence): void {
    this.#silence = data;
    this.#promise(fragments);
  }

  over(): void {
    this.#over = true;
    if (this.#part === undefined) return;
    this.#keptSegments = this.segments;
    this.#onKept();
  }

  /** Its file is no longer there: the segments of later pieces keep their numbers. */
  lost(): void {
    this.index.forgetAll(this.#keptSegments ?? this.segments);
  }

  /** Forgets segments that end more than `ms` milliseconds before its end. */
  forget(ms: number): void {
    this.index.forget(ms);
    if (this.index.first - this.#keptFirst < KEPT_EVERY) return;
    this.#keptFirst = this.index.first;
    this.#onKept();
  }

  #firstSegment(): FirstSegment | undefined {
    const { first: segments } = this.index;
    const [place] = this.index.startsFrom(segments);
    if (place === undefined) return this.from;
    return segments > 0 && Number.isFinite(place.wallMs) ? { segments, ...place } : undefined;
  }

  /** More is kept than there is, so that it is not for each fragment. */
  #promise(fragments: number): void {
    this.#silentFragments = Math.max(0, fragments);
    const isEnough = this.#silentFragments <= this.#keptSilence;
    if (isEnough && (this.#silentFragments > 0 || this.#keptSilence === 0)) return;
    this.#keptSilence = isEnough ? 0 : this.#silentFragments + KEPT_AHEAD;
    this.#onKept();
  }
}

/** Segments are forgotten before it is kept which is the first. */
const KEPT_EVERY = 10;
/** Fragments of silence that are kept before there are as many. */
const KEPT_AHEAD = 5;
