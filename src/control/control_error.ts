/** Errors of the control API, and how they are answered. */
import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { HttpError } from "../http/http_error.ts";
import { PublishRefused, type RefusalKind } from "../session/ingest.ts";

const logger = getLogger(["echo", "control"]);

/** What the control API answers where it cannot do what was asked; 460 is an expired token. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 460 | 500 | 503;

/** Why a request is refused; `message` is what the client is told. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  constructor(readonly status: ErrorStatus, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

const STATUS_OF_REFUSAL: Readonly<Record<RefusalKind, ErrorStatus>> = {
  "invalid-name": 400,
  "key-required": 401,
  "key-unknown": 401,
  "key-expired": 460,
  "not-allowed": 401,
  "unavailable": 503,
  "name-in-use": 409,
  "limit": 503,
  "stopping": 503,
  "no-audio": 503,
};

/** Answers with an error as `{"code", "message"}`. An unexpected one is logged, and is a 500. */
export function answerError(error: Error, c: Context): Response {
  const { status, message } = error instanceof HttpError ? error : toControlError(error);
  if (status === 500) {
    const { method, path } = c.req;
    logger.error("Cannot answer {method} {path}: {error}", { method, path, error });
  }
  // RFC 9110 11.6.1
  if (status === 401) c.header("WWW-Authenticate", 'Basic realm="Echo", charset="UTF-8", Bearer');
  // Sound: 460 is a valid status, though Hono's type has only the registered ones.
  return c.json({ code: status, message }, status as ContentfulStatusCode);
}

function toControlError(error: Error): ControlError {
  if (error instanceof ControlError) return error;
  if (error instanceof PublishRefused) {
    return new ControlError(STATUS_OF_REFUSAL[error.kind], error.message);
  }
  return new ControlError(500, "internal server error");
}
