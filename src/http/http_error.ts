/**
 * Why a request cannot be served, with the status that says so.
 *
 * @module
 */
/** The statuses that the server answers by itself, before any route is asked. */
export type HttpErrorStatus = 400 | 408 | 417 | 431 | 500 | 501 | 503 | 505;

/**
 * Why a request cannot be served; `message` is what the client is told. Nothing more is read as a
 * request on its connection then.
 */
export class HttpError extends Error {
  override readonly name = "HttpError";
  constructor(readonly status: HttpErrorStatus, message: string) {
    super(message);
  }
}
