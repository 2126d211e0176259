/**
 * Calls of the control API that another box of the fleet answers, because it has the broadcast or is to
 * have it. A call is passed on once.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";
import type { ConnectionInfo } from "../http/http_site.ts";
import { peerAddress } from "../web/peer_address.ts";

/** Which session a call is about. */
export interface SessionPlace {
  readonly id: number;
  readonly name: string;
}

/** Asks one other box. Rejects where it does not answer, or cannot take what any box may take. */
export type AskBox = (request: PassedRequest) => Promise<Response>;

/** Who of the fleet answers. */
export interface AnsweringBoxes {
  /** The box that is to have what is published as `name`; `undefined` where that is this one. */
  forPublish(name: string): AskBox | undefined;
  /** The box that has a session, also this one; `undefined` where none is known to have it. */
  forSession(session: SessionPlace): AskBox | "here" | undefined;
}

const passedRequest = z.object({
  method: z.string(),
  url: z.string(),
  /** The client's. */
  address: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

/** A call as boxes pass it on: what it is answered by. */
export type PassedRequest = z.infer<typeof passedRequest>;

/** Has another box answer. Rejects as `ask` does, and where what answers there is not the API. */
export async function passOn(c: Context, ask: AskBox): Promise<Response> {
  const answer = await ask(await readRequest(c));
  if (!answer.headers.has(BY_API)) {
    throw new Error(`Cannot pass it on: expected an answer of the API, got ${answer.status}`);
  }
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  for (const name of ANSWERED_HEADERS) {
    const value = answer.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return c.body(await answer.arrayBuffer(), answer.status as ContentfulStatusCode, headers);
}

/**
 * Answers what other boxes pass on, and first whether this box is there.
 * @param control the API of this box, which passes nothing on
 */
export function passedRoutes(control: Hono): Hono {
  const app = new Hono();
  app.get("/", (c) => c.body(null, 204));
  app.post("/", async (c) => {
    const { method, url, address, headers, body } = passedRequest.parse(await c.req.json());
    const request = new Request(url, { method, headers, ...(body === "" ? {} : { body }) });
    const client: Pick<ConnectionInfo, "client"> = { client: address };
    const answer = await control.fetch(request, client);
    answer.headers.set(BY_API, "1");
    return answer;
  });
  return app;
}

async function readRequest(c: Context): Promise<PassedRequest> {
  const { method, url } = c.req;
  const headers: Record<string, string> = {};
  for (const name of READ_HEADERS) {
    const value = c.req.header(name);
    if (value !== undefined) headers[name] = value;
  }
  const isBodiless = method === "GET" || method === "HEAD";
  const body = isBodiless ? "" : await c.req.text();
  return { method, url, address: peerAddress(c), headers, body };
}

/** Header field that only answers of the API have: a box may refuse a request before its API has it. */
const BY_API = "echo-api";
/** The header fields that the API looks at. */
const READ_HEADERS = ["authorization", "content-type", "cookie", "origin"];
/** The header fields that the API sets, but for those that are the same at each box. */
const ANSWERED_HEADERS = ["Set-Cookie", "WWW-Authenticate"];
