/** Sends the answer of a route by HTTP/2. */
import { BodyPieces } from "../body_pieces.ts";
import { HttpError } from "../http_error.ts";
import { LiveBody } from "../live_body.ts";
import { WrongLength } from "../outgoing.ts";
import type { Patience } from "../patience.ts";
import type { Field } from "../request_head.ts";
import { errorFields, OWN_FIELDS } from "../response_head.ts";
import type { Http2Stream } from "./http2_stream.ts";

/** A body of a known length up to this is taken whole; what is longer is passed on as it comes. */
const MAX_WHOLE_BYTES = 65_536;

export interface Http2AnswerOptions {
  readonly method: string;
  /** What `Date` says. */
  readonly date: string;
  readonly patience: Patience;
  /** Called where the answer is an endless one that is about to begin. */
  readonly onLive: () => void;
}

/**
 * Sends an answer. Its body is read as fast as it is taken.
 * @returns what sends it, where nobody knows how long that lasts; `undefined` where it is sent
 * @throws {WrongLength} and what the body throws; so does what is returned
 */
export async function sendAnswer(
  response: Response,
  stream: Http2Stream,
  { method, date, patience, onLive }: Http2AnswerOptions,
): Promise<(() => Promise<void>) | undefined> {
  const { status, headers } = response;
  const told = headers.get("Content-Length");
  const length = told === null ? undefined : Number(told);
  const took = (bytes: number) => patience.took(bytes);
  if (status === 204 || status === 304 || method === "HEAD" || response.body === null) {
    await response.body?.cancel();
    const isTold = status !== 204 && status !== 304 && method !== "HEAD" || length !== undefined;
    await stream.sendHead(headOf(response, date, isTold ? length ?? 0 : undefined), true);
    return undefined;
  }
  if (length !== undefined && length <= MAX_WHOLE_BYTES) {
    const bytes = await response.bytes();
    if (bytes.length !== length) throw new WrongLength(length);
    patience.begin("reader");
    await stream.sendHead(headOf(response, date, length), length === 0);
    if (length > 0) await stream.sendBody(bytes, true, took);
    return undefined;
  }
  if (response.body instanceof LiveBody) onLive();
  const pieces = new BodyPieces(response.body);
  const send = async () => {
    try {
      await sendPieces(pieces, headOf(response, date, length), { stream, patience, length, took });
    } finally {
      pieces.cancel();
    }
  };
  if (length !== undefined) return void await send();
  patience.comesBitByBit();
  return send;
}

/** What is answered where no route can be asked. */
export async function sendError(
  error: HttpError,
  stream: Http2Stream,
  { server, date, patience }: Omit<Http2AnswerOptions, "method" | "onLive"> & {
    readonly server: string;
  },
): Promise<void> {
  const { headers, body } = errorFields(error, server);
  patience.begin("reader");
  await stream.sendHead(headOf({ status: error.status, headers }, date, body.length), false);
  await stream.sendBody(body, true, (bytes) => patience.took(bytes));
}

async function sendPieces(
  pieces: BodyPieces,
  head: readonly Field[],
  { stream, patience, length, took }: {
    readonly stream: Http2Stream;
    readonly patience: Patience;
    readonly length: number | undefined;
    readonly took: (bytes: number) => void;
  },
): Promise<void> {
  let sent = 0;
  stream.onceAbandoned(() => pieces.cancel());
  await stream.sendHead(head, false);
  for (let piece = await pieces.next(); piece !== undefined; piece = await pieces.next()) {
    sent += piece.length;
    if (length !== undefined && sent > length) throw new WrongLength(length);
    patience.begin("reader");
    if (!await stream.sendBody(piece, false, took)) return;
    patience.begin("answer");
  }
  if (length !== undefined && sent !== length) throw new WrongLength(length);
  if (!stream.isAbandoned) await stream.sendBody(new Uint8Array(), true, took);
}

function headOf(
  { status, headers }: Pick<Response, "status" | "headers">,
  date: string,
  length: number | undefined,
): readonly Field[] {
  const fields: Field[] = [[":status", `${status}`]];
  headers.forEach((value, name) => {
    if (!OWN_FIELDS.has(name)) fields.push([name, value]);
  });
  if (!headers.has("Date")) fields.push(["date", date]);
  if (length !== undefined) fields.push(["content-length", `${length}`]);
  return fields;
}
