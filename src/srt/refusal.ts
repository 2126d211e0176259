/**
 * Why a caller is refused: in words for the log, and as the code that libsrt tells the caller.
 *
 * @module
 */
import {
  SRT_REJX_BAD_MODE,
  SRT_REJX_BAD_REQUEST,
  SRT_REJX_CONFLICT,
  SRT_REJX_DOWN,
  SRT_REJX_FORBIDDEN,
  SRT_REJX_OVERLOAD,
} from "../../ffi/srt.ts";
import { isAboutWhatWasTyped, PublishRefused, type RefusalKind } from "../session/ingest.ts";
import { StreamIdError, streamIdHint } from "./stream_id.ts";

/** Why a caller is refused. */
export type SrtRefusal = PublishRefused | StreamIdError;

export function isRefusal(error: unknown): error is SrtRefusal {
  return error instanceof PublishRefused || error instanceof StreamIdError;
}

/**
 * The refusal in words, with what the DJ typed where that may be wrong.
 * @param streamId `undefined` where it is of no account
 */
export function refusalText(why: SrtRefusal, streamId: string | undefined): string {
  const isTyped = why instanceof PublishRefused && isAboutWhatWasTyped(why.kind);
  return streamId !== undefined && isTyped
    ? `${why.message}; ${streamIdHint(streamId)}`
    : why.message;
}

/** The code that the caller is told in the handshake, of SRT's access control guidelines. */
export function rejectCode(why: SrtRefusal): number {
  if (why instanceof PublishRefused) return CODES[why.kind];
  return why.kind === "mode" ? SRT_REJX_BAD_MODE : SRT_REJX_BAD_REQUEST;
}

const CODES: Readonly<Record<RefusalKind, number>> = {
  "invalid-name": SRT_REJX_BAD_REQUEST,
  "key-required": SRT_REJX_FORBIDDEN,
  "key-unknown": SRT_REJX_FORBIDDEN,
  "key-expired": SRT_REJX_FORBIDDEN,
  "not-allowed": SRT_REJX_FORBIDDEN,
  "unavailable": SRT_REJX_DOWN,
  "name-in-use": SRT_REJX_CONFLICT,
  "limit": SRT_REJX_OVERLOAD,
  "stopping": SRT_REJX_DOWN,
  // Never told: only a caller that is connected can be found to send no audio.
  "no-audio": SRT_REJX_BAD_REQUEST,
};
