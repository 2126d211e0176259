/**
 * The body of a request, as a stream.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";
import type { ClientLink } from "./client_link.ts";
import { HttpError } from "./http_error.ts";
import { PeerGone } from "./peer_gone.ts";
import type { RequestHead } from "./request_head.ts";
import { CONTINUE } from "./response_head.ts";

/** The body behind `head`, which is read as fast as the route takes it. */
export function requestBody(
  link: ClientLink,
  clock: Pick<Clock, "awake">,
  { expectsContinue }: Pick<RequestHead, "expectsContinue">,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isAskedFor = !expectsContinue;
  let since: number | undefined;
  return new ReadableStream({
    pull: async (controller) => {
      since ??= clock.awake();
      if (!isAskedFor) await link.write(CONTINUE);
      isAskedFor = true;
      const piece = await readBody(link, since);
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
}

/**
 * @returns `undefined` at its end
 * @throws {HttpError}
 */
async function readBody(
  link: ClientLink,
  since: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { reader, patience } = link;
  try {
    for (;;) {
      const piece = reader.nextBody();
      if (piece !== undefined) return new Uint8Array(piece);
      if (reader.isBodyOver) return undefined;
      patience.begin("body", since);
      if (!await link.read()) throw new PeerGone("in the middle of a body");
    }
  } catch (error) {
    if (!(error instanceof PeerGone)) throw error;
    throw new HttpError(400, "the body is not whole");
  } finally {
    patience.begin("answer");
  }
}
