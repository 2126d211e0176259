/**
 * How times of segments may follow each other in a playlist, of either form: EXT-X-PROGRAM-DATE-TIME
 * (RFC 8216 4.3.2.6), and what Echo promises beyond.
 *
 * @module
 */

/** A segment whose time is told. */
export interface TimedSegment {
  readonly sequence: number;
  readonly discontinuity: boolean;
  /** In milliseconds since the epoch. */
  readonly programDateTime: number;
}

/** Correction of drift: a part of the segment's duration, besides rounding. */
const MAX_DRIFT = 0.01;
/** Wall time may step forward where audio was late: by this many target durations. */
const MAX_STEP = 0.5;
const ROUNDING_MS = 2;

/**
 * Where no discontinuity is between them, a segment is heard when the one before it is over.
 * @param duration how long `before` lasts, in seconds
 * @returns what is wrong, in words
 */
export function checkDateTimes(
  before: TimedSegment,
  duration: number,
  segment: TimedSegment,
  targetDuration: number,
): string[] {
  const passed = segment.programDateTime - before.programDateTime;
  if (passed < 0) return [`EXT-X-PROGRAM-DATE-TIME goes back at segment ${segment.sequence}`];
  const playingMs = duration * 1000;
  const early = passed < playingMs * (1 - MAX_DRIFT) - ROUNDING_MS;
  const late = passed > playingMs + MAX_STEP * targetDuration * 1000;
  if (segment.discontinuity || !early && !late) return [];
  return [
    `EXT-X-PROGRAM-DATE-TIME is ${passed} ms later at segment ${segment.sequence}, after one of ` +
    `${playingMs} ms`,
  ];
}
