/**
 * What goes between the thread that records and those that serve listeners, about shows that may be
 * rewound. Nothing goes that nobody has asked for.
 *
 * @module
 */

/** What a thread wants to know of the show of a name, as it is now. */
export interface ShowQuestion {
  readonly name: string;
  /** What it knows already; `undefined` where that is nothing. */
  readonly known: KnownShow | undefined;
}

/** How much is known of a show. */
export interface KnownShow {
  /** {@link ShowNews.start} of it. */
  readonly start: number;
  /** Pieces that are known to their end, or were forgotten. */
  readonly pieces: number;
  /** Segments of the piece behind these, counted from its first. */
  readonly segments: number;
}

/**
 * The answer to a question: `undefined` where there is no such show, "unread" where what an earlier
 * run of the server has recorded of it is still being read.
 */
export type ShowReply = ShowNews | "unread" | undefined;

/** What is new of a show. */
export interface ShowNews {
  /** When its first frame was due, in milliseconds since the epoch. No two shows of a name have the same. */
  readonly start: number;
  /** Whether its playlist has ended. */
  readonly ended: boolean;
  /** What was before the pieces that are still known. */
  readonly forgotten: ForgottenPieces;
  /** All pieces that are still known, but those that the question knew to their end. */
  readonly pieces: readonly PieceNews[];
}

/** Leading pieces of a show that nobody may hear any more: the others keep their numbers. */
export interface ForgottenPieces {
  readonly pieces: number;
  /** Of these pieces. */
  readonly segments: number;
  /** Those of the pieces that have segments. */
  readonly withSegments: number;
}

export const NOTHING_FORGOTTEN: ForgottenPieces = { pieces: 0, segments: 0, withSegments: 0 };

/** A piece of a show: what one file has of it, on one timeline. */
export interface PieceNews {
  readonly facts: PieceFacts;
  /** Which of its segments is the first that is still known. Who knows earlier ones may forget them. */
  readonly first: number;
  /** Which segment of the piece the first of `segments` is. */
  readonly from: number;
  /** Where its segments begin that are new, the oldest first. The newest may still grow. */
  readonly segments: readonly SegmentPlace[];
  /** Frames that are in the file. */
  readonly frames: number;
  /** Where the last of its fragments in the file ends. */
  readonly end: number;
  /** Fragments of silence behind these, which are not in the file. */
  readonly silentFragments: number;
  /** Whether nothing follows. */
  readonly over: boolean;
}

/** What does not change of a piece. */
export interface PieceFacts {
  /** What the file was called; it gets other names as time goes by. */
  readonly file: string;
  /** Tells the file from all others. */
  readonly identity: string;
  /** Frames that the file has before the piece. */
  readonly firstFrame: number;
  readonly sampleRate: number;
  readonly samplesPerFrame: number;
  /** A silent access unit; empty where no silence was ever promised. */
  readonly silence: Uint8Array;
}

/** Where a segment begins. */
export interface SegmentPlace {
  /** Frames of the piece before it. */
  readonly frame: number;
  /** Where its first fragment is in the file. */
  readonly offset: number;
  /** When its first frame is due, in milliseconds since the epoch. */
  readonly wallMs: number;
}

/** A segment takes whole fragments until it has so many frames: six seconds. */
export function framesPerSegment({ sampleRate, samplesPerFrame }: Rates): number {
  return Math.ceil(SEGMENT_SECONDS * sampleRate / samplesPerFrame);
}

/** Frames of a silent fragment, and of any other where nothing is in the way. */
export function framesPerFragment({ sampleRate, samplesPerFrame }: Rates): number {
  return Math.round(sampleRate / samplesPerFrame);
}

/** How long so many frames are, in milliseconds. */
export function durationOf(frames: number, { sampleRate, samplesPerFrame }: Rates): number {
  return frames * samplesPerFrame * 1000 / sampleRate;
}

/** What frames are counted in. */
export type Rates = Pick<PieceFacts, "sampleRate" | "samplesPerFrame">;

const SEGMENT_SECONDS = 6;
