/** The head of an answer as it goes over the wire, and answers that no route gives. */
import type { HttpError } from "./http_error.ts";

/** How the end of a body is told (RFC 9112 6.3); `none`: there is no body, nor a word about one. */
export type BodyFraming = number | "chunked" | "until close" | "none";

export interface ResponseHeadOptions {
  readonly framing: BodyFraming;
  /** What `Connection` says; `undefined`: nothing, as HTTP/1.1 goes on by itself. */
  readonly connection: "close" | "keep-alive" | undefined;
  /** See {@link HttpDate}. */
  readonly date: string;
}

/** These are the server's own to say. */
export const OWN_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "transfer-encoding",
]);

/** The head of an answer as it goes over the wire (RFC 9112 4). */
export function responseHead(
  { status, headers }: Pick<Response, "status" | "headers">,
  { framing, connection, date }: ResponseHeadOptions,
): string {
  let text = `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n`;
  let hasDate = false;
  // An iterator costs five times as much.
  headers.forEach((value, name) => {
    if (OWN_FIELDS.has(name)) return;
    if (name === "date") hasDate = true;
    text += `${name}: ${value}\r\n`;
  });
  if (!hasDate) text += `date: ${date}\r\n`;
  if (typeof framing === "number") text += `content-length: ${framing}\r\n`;
  if (framing === "chunked") text += "transfer-encoding: chunked\r\n";
  if (connection !== undefined) text += `connection: ${connection}\r\n`;
  return `${text}\r\n`;
}

/** What is answered where no route can be asked. */
export function errorResponse(
  error: HttpError,
  { server, date }: { readonly server: string; readonly date: string },
): Uint8Array {
  const { headers, body } = errorFields(error, server);
  const head = responseHead({ status: error.status, headers }, {
    framing: body.length,
    connection: "close",
    date,
  });
  return new Uint8Array([...new TextEncoder().encode(head), ...body]);
}

/** Header fields and body of such an answer. */
export function errorFields(
  { status, message }: HttpError,
  server: string,
): { readonly headers: Headers; readonly body: Uint8Array } {
  const headers = new Headers({
    "Server": server,
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
  });
  if (status === 503) headers.set("Retry-After", "10");
  return { headers, body: new TextEncoder().encode(JSON.stringify({ code: status, message })) };
}

/** What makes a client send the body that it has announced (RFC 9110 15.2.1). */
export const CONTINUE: Uint8Array = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** The time as `Date` tells it (RFC 9110 5.6.7), made once a second. */
export class HttpDate {
  #second = NaN;
  #text = "";

  /** @param ms since the epoch */
  at(ms: number): string {
    const second = Math.floor(ms / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(ms).toUTCString();
    }
    return this.#text;
  }
}

/** RFC 9110 15, as far as Echo answers so. Others have none, which is allowed (RFC 9112 4). */
const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};
