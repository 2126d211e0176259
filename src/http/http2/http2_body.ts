/** The body of a request that came by HTTP/2, as routes take it. */
import type { Clock } from "../../session/clock.ts";
import { HttpError } from "../http_error.ts";
import type { Patience } from "../patience.ts";
import type { RequestHead } from "../request_head.ts";
import type { Http2Stream } from "./http2_stream.ts";

/**
 * The body of a request, read as fast as the route takes it.
 * @param options of them `patience` waits for the body, which has to come whole in time
 * @throws {HttpError} by the stream, where the body is not whole
 */
export function bodyOf(
  stream: Http2Stream,
  { body: length }: RequestHead,
  { patience, clock }: { readonly patience: Patience; readonly clock: Pick<Clock, "awake"> },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let read = 0;
  let since: number | undefined;
  return new ReadableStream({
    pull: async (controller) => {
      since ??= clock.awake();
      patience.begin("body", since);
      const piece = await stream.nextBody();
      patience.begin("answer");
      read += piece?.length ?? 0;
      const isOver = piece === undefined;
      if (typeof length === "number" && (read > length || (isOver && read < length))) {
        throw new HttpError(400, "the body is not as long as its head says");
      }
      if (stream.isAbandoned) throw new HttpError(400, "the body is not whole");
      if (isOver) controller.close();
      else controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
}
