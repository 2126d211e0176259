/**
 * The body of a source's request as it stands on the connection.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type BodyDecoder, ChunkedBody, SizedBody } from "../http/body_decoder.ts";
import { HttpError } from "../http/http_error.ts";
import type { BodyForm } from "./icecast_request.ts";

/** What was found in the next bytes of a connection. */
export interface BodyTaken {
  /** What the source sends, without what stands around it; empty where nothing of it came. */
  readonly data: Uint8Array;
  /** Why nothing can be found behind it; `undefined` where all is well. */
  readonly fault: string | undefined;
}

/** Takes the bytes of a connection as far as they belong to the body. */
export class SourceBody {
  /** `undefined` where the body is all that follows. */
  readonly #decoder: BodyDecoder | undefined;

  constructor(form: BodyForm) {
    if (form === "chunked") this.#decoder = new ChunkedBody();
    else this.#decoder = typeof form === "object" ? new SizedBody(form.bytes) : undefined;
  }

  /** Whether the source has said that it has sent all. */
  get isOver(): boolean {
    return this.#decoder?.isOver ?? false;
  }

  /**
   * Takes the next bytes. What stands in many small chunks is one piece, so that it takes no longer to
   * be read than what stands in one.
   */
  take(bytes: Uint8Array): BodyTaken {
    const decoder = this.#decoder;
    if (decoder === undefined) return { data: bytes, fault: undefined };
    const pieces: Uint8Array[] = [];
    let fault: string | undefined;
    try {
      for (let at = 0; at < bytes.length && !decoder.isOver;) {
        const { used, data } = decoder.take(bytes.subarray(at));
        if (data !== undefined) pieces.push(data);
        at += used;
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      fault = error.message;
    }
    const [only, ...others] = pieces;
    return {
      data: only !== undefined && others.length === 0 ? only : Buffer.concat(pieces),
      fault,
    };
  }
}
