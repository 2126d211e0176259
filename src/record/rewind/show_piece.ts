/** What one file has of a show, while it is written and after that. */
import type { Silence } from "../batch.ts";
import type { PartIndex, WrittenFragment } from "../part.ts";
import type { OpenPart } from "../record_folder.ts";
import { PieceIndex } from "./piece_index.ts";
import {
  durationOf,
  framesPerFragment,
  type PieceFacts,
  type PieceNews,
  type Rates,
} from "./show_news.ts";

/** A piece as it is kept for another run of the server. */
export interface KeptPiece extends Omit<PieceFacts, "silence"> {
  /** When its first frame was due, in milliseconds since the epoch. */
  readonly startTime: number;
  /** Fragments of silence at its end that listeners may have been shown, and are not in the file. */
  readonly silentFragments: number;
  /** A silent access unit, in hexadecimal. */
  readonly silence: string;
}

/** A piece of a show. */
export class ShowPiece implements PartIndex {
  readonly index: PieceIndex;
  readonly #rates: Rates;
  readonly #onKept: () => void;
  /** `undefined` until something is in the file. */
  #part: Pick<OpenPart, "file" | "identity"> & { readonly firstFrame: number } | undefined;
  #silence: Uint8Array = new Uint8Array();
  #silentFragments = 0;
  #keptSilence = 0;
  #over = false;
  #startTime: number;

  /** @param onKept called where something has changed that is to be kept for another run */
  constructor(
    rates: Rates,
    startTime: number,
    onKept: () => void,
  ) {
    this.#rates = rates;
    this.#startTime = startTime;
    this.#onKept = onKept;
    this.index = new PieceIndex(rates);
  }

  /** A piece that an earlier run has written: all but what its file tells. */
  static restore(kept: KeptPiece): ShowPiece {
    const piece = new ShowPiece(kept, kept.startTime, () => {});
    piece.#part = kept;
    piece.#silence = Uint8Array.fromHex(kept.silence);
    piece.#silentFragments = piece.#keptSilence = kept.silentFragments;
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

  /** What is to be kept of it; `undefined` before something is in the file. */
  get kept(): KeptPiece | undefined {
    const facts = this.facts;
    return facts && {
      ...facts,
      startTime: this.startTime,
      silentFragments: this.#keptSilence,
      silence: facts.silence.toHex(),
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
      from: Math.max(segments, index.first),
      segments: index.startsFrom(segments),
      frames: index.frames,
      end: index.end,
      silentFragments: this.#silentFragments,
      over: this.#over,
    };
  }

  written({ file, identity, continues }: OpenPart, fragment: WrittenFragment): void {
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

/** Fragments of silence that are kept before there are as many. */
const KEPT_AHEAD = 5;
