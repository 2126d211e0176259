/**
 * A message of RTMP, as the chunk reader hands it on.
 *
 * @module
 */

/** One message. It is valid during the call only that hands it on: the next one takes its place. */
export interface Message {
  /** Message type id. */
  readonly type: number;
  /** In milliseconds, 32 bits that wrap. */
  readonly timestamp: number;
  readonly streamId: number;
  /** Bytes that the whole payload had. */
  readonly length: number;
  /**
   * The payload stands here, from {@link start} to {@link end}: of a message that is too long no more
   * than its beginning, of video or of an unknown type nothing.
   */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** What is there of the payload of `message`. */
export function payloadOf({ bytes, start, end }: Message): Uint8Array {
  return bytes.subarray(start, end);
}

/** Whether more of the payload of `message` was sent than is there. */
export function isCut({ start, end, length }: Message): boolean {
  return end - start < length;
}

/** A message that the connection does without. */
export interface UnusedMessage {
  /** Message type id. */
  readonly type: number;
  /** Bytes of its payload. */
  readonly length: number;
  /** Fit for a log line. */
  readonly why: string;
}
