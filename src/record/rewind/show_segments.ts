/** The segments of a show, by what is known of its pieces. Without I/O. */
import {
  durationOf,
  type ForgottenPieces,
  framesPerFragment,
  framesPerSegment,
  NOTHING_FORGOTTEN,
  type PieceFacts,
  type SegmentPlace,
} from "./show_news.ts";

/** A piece of a show, as a copy of it knows it. */
export interface CopiedPiece {
  readonly facts: PieceFacts;
  /** Segments before those of which it knows the start. */
  readonly forgotten: number;
  readonly starts: readonly SegmentPlace[];
  /** Frames that are in the file. */
  readonly frames: number;
  /** Where the last of its fragments in the file ends. */
  readonly end: number;
  readonly silentFragments: number;
  readonly over: boolean;
}

/** A segment of a show: fragments of a file, and behind these such as are not in the file. */
export interface ShowSegment {
  /** Media sequence number: segments of the show before it. */
  readonly sequence: number;
  /** Pieces of the show before its own that have segments. */
  readonly piece: number;
  readonly facts: PieceFacts;
  /** Frames of the piece before it. */
  readonly frame: number;
  /** All its frames. */
  readonly frames: number;
  /** When its first frame is due, in milliseconds since the epoch. */
  readonly wallMs: number;
  /** Where its fragments are in the file. */
  readonly offset: number;
  /** Of its fragments in the file; 0 where there are none. */
  readonly bytes: number;
  /** Fragments of silence behind these. */
  readonly silentFragments: number;
}

/**
 * The segments of a show that are whole, the oldest first.
 * @param pieces the pieces of a show, of which only the last may go on
 * @param forgotten what was before these
 */
export function segmentsOf(
  pieces: readonly CopiedPiece[],
  forgotten: ForgottenPieces = NOTHING_FORGOTTEN,
): ShowSegment[] {
  const segments: ShowSegment[] = [];
  let [before, number] = [forgotten.segments, forgotten.withSegments];
  for (const piece of pieces) {
    const { silent, count } = silentStarts(piece);
    const starts = [...piece.starts, ...silent];
    for (let i = 0; i < count; i++) {
      segments.push(segmentAt(piece, starts, i, { before, number }));
    }
    before += piece.forgotten + count;
    if (piece.forgotten + count > 0) number++;
  }
  return segments;
}

/** How many segments of the pieces are whole, those included that are forgotten. */
export function countSegments(pieces: readonly CopiedPiece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.forgotten + silentStarts(piece).count, 0);
}

export function segmentMs({ frames, facts }: ShowSegment): number {
  return durationOf(frames, facts);
}

/** Starts of a piece's segments in silence that is not in the file. */
interface SilentStarts {
  readonly silent: readonly SegmentPlace[];
  /** How many starts of the piece, these included, begin segments that are whole. */
  readonly count: number;
}

/** It joins silent fragments as the index does once they are in the file. */
function silentStarts(piece: CopiedPiece): SilentStarts {
  const { facts, starts, frames, end, silentFragments, over } = piece;
  const silent: SegmentPlace[] = [];
  let open = starts.at(-1);
  if (open === undefined) return { silent, count: 0 };
  const [long, fragment] = [framesPerSegment(facts), framesPerFragment(facts)];
  const total = frames + silentFragments * fragment;
  for (let at = frames; at < total; at += fragment) {
    if (at - open.frame < long) continue;
    open = { frame: at, offset: end, wallMs: open.wallMs + durationOf(at - open.frame, facts) };
    silent.push(open);
  }
  const isWhole = over || total - open.frame >= long;
  const count = starts.length + silent.length;
  return { silent, count: isWhole ? count : count - 1 };
}

function segmentAt(
  { facts, forgotten, frames, end, silentFragments }: CopiedPiece,
  starts: readonly SegmentPlace[],
  i: number,
  { before, number }: { readonly before: number; readonly number: number },
): ShowSegment {
  const { frame, offset, wallMs } = starts[i] ?? { frame: 0, offset: end, wallMs: NaN };
  const next = starts[i + 1];
  const fragment = framesPerFragment(facts);
  const nextFrame = next?.frame ?? frames + silentFragments * fragment;
  const silentFrom = Math.max(frame, frames);
  return {
    sequence: before + forgotten + i,
    piece: number,
    facts,
    frame,
    frames: nextFrame - frame,
    wallMs,
    offset,
    bytes: (next?.offset ?? end) - offset,
    silentFragments: Math.max(0, nextFrame - silentFrom) / fragment,
  };
}
