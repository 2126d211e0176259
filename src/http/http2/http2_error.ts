/** What ends an HTTP/2 connection. */

/** The codes that are used here (RFC 9113 7). */
export const ERROR_CODES = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  ENHANCE_YOUR_CALM: 0xb,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The peer has broken the protocol, so that nothing more of it can be understood. */
export class Http2Error extends Error {
  override readonly name = "Http2Error";

  constructor(readonly code: ErrorCode, message: string) {
    super(message);
  }
}
