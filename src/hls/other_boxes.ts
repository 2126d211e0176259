/** What HLS needs to know where several boxes are one server. */
import type { ServedStream } from "./distributor.ts";
import type { NameNumbers } from "./handed_window.ts";
import { SegmentUnavailable, type ServedPlaylist } from "./origin.ts";
import { makerOf } from "./segment_name.ts";
import type { StreamFiles } from "./stream_files.ts";

/** The other boxes, as HLS of this one sees them. */
export interface OtherBoxes {
  /** This box's id, `[a-z0-9]{1,16}`. */
  readonly box: string;
  /** The epoch at which this box owns `name`; `undefined` where it does not. */
  epochOf(name: string): number | undefined;
  /** No number from these on is listed before this is called again. */
  onNumbers(name: string, numbers: NameNumbers): void;
  /**
   * Reads a segment that another box has made; `undefined` where there is none.
   * @throws {SegmentUnavailable} where it cannot be had now
   */
  readElsewhere(name: string, file: string): Promise<Uint8Array | undefined>;
  /** What another box serves, or served last, of a name or of low latency of it. */
  elsewhere(feed: string): ServedStream | undefined;
}

/**
 * The files of a stream of which other boxes may have made some.
 * @param files those of this box
 * @param readElsewhere as `OtherBoxes.readElsewhere`
 */
export function filesOfBoxes(
  files: StreamFiles,
  box: string,
  readElsewhere: (file: string) => Promise<Uint8Array | undefined>,
): StreamFiles {
  const isHere = (file: string) => (makerOf(file)?.box ?? box) === box;
  const readOthers = async (file: string) => {
    try {
      return await readElsewhere(file);
    } catch (error) {
      if (!(error instanceof SegmentUnavailable)) throw error;
      return undefined;
    }
  };
  return {
    writeSegment: (file, bytes) => files.writeSegment(file, bytes),
    readSegment: (file) => isHere(file) ? files.readSegment(file) : readOthers(file),
    replacePlaylist: (file, text) => files.replacePlaylist(file, text),
    remove: (names) => files.remove(names),
  };
}

/**
 * Whether what players would get of another box is of a time before that of what they have had of this
 * one, which goes on listing while it does not know that it has lost a name.
 */
export function isBehind(
  other: ServedPlaylist | undefined,
  own: ServedPlaylist | undefined,
): boolean {
  const [otherMs, ownMs] = [other, own].map(newestMs);
  return otherMs !== undefined && ownMs !== undefined && otherMs < ownMs;
}

/** The last EXT-X-PROGRAM-DATE-TIME, in milliseconds since the epoch; `undefined` where none is told. */
function newestMs(playlist: ServedPlaylist | undefined): number | undefined {
  if (playlist === undefined || playlist.encoding !== undefined) return undefined;
  const [, time] = LAST_TIME.exec(new TextDecoder().decode(playlist.text)) ?? [];
  const ms = Date.parse(time ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

const LAST_TIME = /^[^]*\n#EXT-X-PROGRAM-DATE-TIME:(.*)\n/;
