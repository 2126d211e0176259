/** Makes the request that routes take of what was read. */
import { HttpError } from "./http_error.ts";
import type { RequestHead } from "./request_head.ts";
import { requestUrl } from "./request_target.ts";

/** There can be no `Request` with them (Fetch 2.2.1), and no route serves them. */
const FORBIDDEN_METHODS: readonly string[] = ["CONNECT", "TRACE", "TRACK"];

/** Whether a route is given the body. */
export function mayHaveBody({ method, body }: RequestHead): boolean {
  return body !== 0 && method !== "GET" && method !== "HEAD";
}

/**
 * The request as routes take it.
 * @param ownHost stands in where the client names none
 * @param body what comes of it; `null` where there is none to be had
 * @throws {HttpError}
 */
export function fetchRequest(
  head: RequestHead,
  ownHost: string,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
): Request {
  if (FORBIDDEN_METHODS.includes(head.method)) {
    throw new HttpError(501, `${head.method} is not served here`);
  }
  const { href, host } = requestUrl(head, ownHost);
  const request = makeRequest(href, head.method, body);
  // Far cheaper than to have them copied from where they stand.
  for (const [name, value] of head.fields) request.headers.append(name, value);
  // RFC 9112 3.2.2
  if (!head.target.startsWith("/")) request.headers.set("Host", host);
  return request;
}

function makeRequest(
  href: string,
  method: string,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
): Request {
  try {
    return new Request(href, { method, body });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new HttpError(400, "the target of the request is no URL");
  }
}
