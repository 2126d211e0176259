/** The head of a request that came by HTTP/2, as other requests have it. */
import { HttpError } from "../http_error.ts";
import { type Field, isFieldValue, isMethod, isTarget, type RequestHead } from "../request_head.ts";

/** Fields that only a connection of HTTP/1 has (RFC 9113 8.2.2). */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
]);

/** RFC 9113 8.3.1. */
const PSEUDO: ReadonlySet<string> = new Set([":method", ":scheme", ":path", ":authority"]);

/**
 * Makes the head of what came (RFC 9113 8.3).
 * @param hasBody whether more follows than the head
 * @throws {HttpError}
 */
export function requestHead(received: readonly Field[], hasBody: boolean): RequestHead {
  const pseudo = new Map<string, string>();
  const fields: Field[] = [];
  const cookies: string[] = [];
  for (const [name, value] of received) {
    if (!isFieldValue(value)) throw bad("a header field has a value that it must not have");
    if (name.startsWith(":")) {
      if (fields.length > 0 || pseudo.has(name) || !PSEUDO.has(name)) {
        throw bad("the fields with a colon are not those that a request has");
      }
      pseudo.set(name, value);
    } else if (!NAME.test(name)) throw bad("a header field has no proper name");
    else if (OF_CONNECTION.has(name) || (name === "te" && value !== "trailers")) {
      throw bad("a header field is for HTTP/1");
    } else if (name === "cookie") cookies.push(value);
    else fields.push([name, value]);
  }
  // RFC 9113 8.2.3.
  if (cookies.length > 0) fields.push(["cookie", cookies.join("; ")]);
  return headOf(pseudo, fields, hasBody);
}

function headOf(
  pseudo: ReadonlyMap<string, string>,
  fields: readonly Field[],
  hasBody: boolean,
): RequestHead {
  const [method = "", target = ""] = [pseudo.get(":method"), pseudo.get(":path")];
  if (method === "CONNECT") throw new HttpError(501, "CONNECT is not served here");
  if (!isMethod(method)) throw bad("the method is none");
  if (!isTarget(target) || !/^[/*]/.test(target)) throw bad("the path is none");
  const hosts = valuesOf(fields, "host");
  const host = pseudo.get(":authority") ?? hosts[0];
  if (host === undefined) throw bad("there is no host");
  if (hosts.some((other) => other !== host)) throw bad("there is more than one host");
  const others = fields.filter(([name]) => name !== "host");
  return {
    ...{ method, target, host },
    minor: 1,
    fields: [["host", host], ...others],
    body: hasBody ? lengthOf(fields) ?? "chunked" : 0,
    keepAlive: true,
    expectsContinue: false,
  };
}

function lengthOf(fields: readonly Field[]): number | undefined {
  const lengths = valuesOf(fields, "content-length");
  if (lengths.length > 1) throw bad("there is more than one Content-Length");
  const [text] = lengths;
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw bad("the Content-Length is no length");
  return Number(text);
}

function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter(([other]) => other === name).map(([, value]) => value);
}

/** Lower case, or the request is malformed (RFC 9113 8.2.1). */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function bad(why: string): HttpError {
  return new HttpError(400, why);
}
