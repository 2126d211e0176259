/**
 * The formats in which broadcasts are offered.
 *
 * @module
 */
import { isLowMedia, LOW_MEDIA_TYPE } from "./low_latency/low_names.ts";
import type { SegmentFormat } from "./packager.ts";
import { SEGMENT_NAME } from "./segment_name.ts";
import { MPEG_TS, MPEG_TS_WITH_ID3 } from "./ts_packager.ts";

/** Formats of a stream. Its pace is that of the first, which is also taken up after a restart. */
export type SegmentFormats = readonly [SegmentFormat, ...SegmentFormat[]];

/** The formats in which every broadcast is offered. */
export const FORMATS: SegmentFormats = [MPEG_TS];

/** The same, with titles in the segments for players that know of none. */
export const FORMATS_WITH_ID3: SegmentFormats = [MPEG_TS_WITH_ID3];

/** The format of a broadcast's segment, by the name of its file; `undefined` where it is none. */
export function formatOf(file: string): SegmentFormat | undefined {
  const extension = SEGMENT_NAME.exec(file)?.[1];
  return FORMATS.find((format) => format.extension === extension);
}

/** The media type of a broadcast's segment or part; `undefined` where the file is none. */
export function mediaTypeOf(file: string): string | undefined {
  return isLowMedia(file) ? LOW_MEDIA_TYPE : formatOf(file)?.mediaType;
}
