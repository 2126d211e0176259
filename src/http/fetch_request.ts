/** Makes the request that routes take of what was read. */
import { HttpError } from "./http_error.ts";
import type { RequestHead } from "./request_head.ts";
import type { HttpScheme } from "./http_site.ts";
import { requestUrl } from "./request_target.ts";

/** There can be no `Request` with them (Fetch 2.2.1), and no route serves them. */
const FORBIDDEN_METHODS: readonly string[] = ["CONNECT", "TRACE", "TRACK"];

/** Whether a route is given the body. */
export function mayHaveBody({ method, body }: RequestHead): boolean {
  return body !== 0 && method !== "GET" && method !== "HEAD";
}

/** What a request needs of the connection that it came on. */
export interface RequestSource {
  readonly scheme: HttpScheme;
  /** Stands in where the client names no host. */
  readonly ownHost: string;
  /** What comes of the body; `null` where there is none to be had. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Gives what is aborted when the client leaves. Asked where a route wants to know. */
  readonly signal: () => AbortSignal;
}

/**
 * The request as routes take it.
 * @throws {HttpError}
 */
export function fetchRequest(head: RequestHead, source: RequestSource): Request {
  if (FORBIDDEN_METHODS.includes(head.method)) {
    throw new HttpError(501, `${head.method} is not served here`);
  }
  const { href, host } = requestUrl(head, source);
  const request = makeRequest(href, head.method, source);
  // Far cheaper than to have them copied from where they stand.
  for (const [name, value] of head.fields) request.headers.append(name, value);
  // RFC 9112 3.2.2
  if (!head.target.startsWith("/")) request.headers.set("Host", host);
  return request;
}

function makeRequest(href: string, method: string, source: RequestSource): Request {
  try {
    return new ReceivedRequest(href, method, source);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new HttpError(400, "the target of the request is no URL");
  }
}

/** A request whose signal is made where somebody asks for it: that would cost each request. */
class ReceivedRequest extends Request {
  readonly #source: RequestSource;

  constructor(href: string, method: string, source: RequestSource) {
    super(href, { method, body: source.body });
    this.#source = source;
  }

  override get signal(): AbortSignal {
    return this.#source.signal();
  }
}
