/**
 * What the files of a broadcast's segments are called: `SEQUENCE-UNIXTIME.EXTENSION`, and
 * `SEQUENCE-UNIXTIME-BOXeEPOCH.EXTENSION` where several boxes are one server.
 *
 * @module
 */

/** A media sequence number, the Unix time, who has made it, and the extension of the format. */
export const SEGMENT_NAME = /^\d{1,16}-\d{1,12}(?:-[a-z0-9]{1,16}e\d{1,16})?\.([a-z0-9]+)$/;

/** The box that has made a segment, and in which time of its owning the name: no other ever has both. */
export interface SegmentMaker {
  /** `[a-z0-9]{1,16}` */
  readonly box: string;
  readonly epoch: number;
}

/** The box that makes a stream's segments. */
export interface StreamMaker extends Pick<SegmentMaker, "box"> {
  /** The epoch at which it owns the name now; `undefined` where it does not. */
  readonly epoch: () => number | undefined;
}

/**
 * Names a segment.
 * @param sequence its media sequence number
 * @param wallMs wall time of its first sample, in milliseconds since the epoch
 * @param extension the extension of its format, without a dot
 * @param maker who makes it; `undefined` where there is one box
 */
export function segmentName(
  sequence: number,
  wallMs: number,
  extension: string,
  maker?: SegmentMaker,
): string {
  return `${sequence}-${Math.floor(wallMs / 1000)}${makerText(maker)}.${extension}`;
}

/** How names of files tell who has made them: `-BOXeEPOCH`, or nothing where there is one box. */
export function makerText(maker: SegmentMaker | undefined): string {
  return maker === undefined ? "" : `-${maker.box}e${maker.epoch}`;
}

/**
 * Who has made the segment in `file`, or the part of one in low latency; `undefined` where its name
 * does not tell.
 */
export function makerOf(file: string): SegmentMaker | undefined {
  const [, box, epoch] = MADE.exec(file) ?? MADE_LOW.exec(file) ?? [];
  return box === undefined ? undefined : { box, epoch: Number(epoch) };
}

/**
 * Of a segment in any format but that of low latency, which has a nonce before it. The last `e` parts
 * the two: an epoch has digits alone.
 */
const MADE = /^\d{1,16}-\d{1,12}-([a-z0-9]{1,16})e(\d{1,16})\.(?!m4s$)[a-z0-9]+$/;
const MADE_LOW =
  /^\d{1,16}-\d{1,12}-[0-9a-z]{1,16}-([a-z0-9]{1,16})e(\d{1,16})(?:\.\d{1,3})?\.m4s$/;
