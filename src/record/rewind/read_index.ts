/** Makes the index of a piece anew from its file. Without I/O. */
import { type FileSteps } from "../../mp4/file_steps.ts";
import { FragmentReader, HEADERS_WINDOW_BYTES } from "../../mp4/fragment_reader.ts";
import { readFileHeader } from "../../mp4/recording.ts";
import type { PieceIndex } from "./piece_index.ts";
import type { SegmentPlace } from "./show_news.ts";

/** Which frames of a file a piece has. */
export interface PieceExtent {
  readonly firstFrame: number;
  /** Frames of the file before what follows the piece. */
  readonly endFrame: number;
  /** When its first frame was due, in milliseconds since the epoch. */
  readonly startTime: number;
  /** Where to begin, if not with its first frame. The index has to go on from there. */
  readonly from?: SegmentPlace | undefined;
}

/**
 * Reads the fragments of a piece into its index, up to the first damage.
 * @throws {Mp4Error} where Echo did not write the file
 */
export function* readIndex(
  fileLength: number,
  { firstFrame, endFrame, startTime, from }: PieceExtent,
  index: PieceIndex,
): FileSteps<void> {
  const { movie, end } = yield* readFileHeader(fileLength);
  const reader = new FragmentReader(
    from?.offset ?? end,
    fileLength,
    movie.samplesPerFrame,
    HEADERS_WINDOW_BYTES,
  );
  const skipped = from === undefined ? 0 : firstFrame + from.frame;
  while (skipped + reader.frames < endFrame) {
    const [before, damaged] = [skipped + reader.frames, reader.damagedBytes];
    const fragment = yield* reader.next();
    if (fragment === undefined) return;
    if (before < firstFrame) continue;
    const isFirst = before === firstFrame + (from?.frame ?? 0);
    if ((!isFirst || from !== undefined) && reader.damagedBytes > damaged) return;
    const { frames, totalBytes: bytes } = fragment;
    const wallMs = isFirst ? from?.wallMs ?? startTime : undefined;
    index.add({ frames, offset: reader.offset - bytes, bytes, wallMs });
  }
}
