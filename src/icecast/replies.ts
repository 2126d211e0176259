/**
 * What the source port answers.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { RefusalKind } from "../session/ingest.ts";

/** What sources may ask for; libshout reads it to know what there is. */
const ALLOW = "Allow: GET, PUT, OPTIONS, SOURCE";

/** Lets pages of all sites read an answer. */
export const ANY_ORIGIN = "Access-Control-Allow-Origin: *";
/** Seconds for which a browser need not ask again, as with other ports. */
const PREFLIGHT_MAX_AGE = 7200;

/** What an answer says. */
export interface Reply {
  readonly status: number;
  /** What stands behind the status; a sentence where something is wrong, as clients show it. */
  readonly reason: string;
  /** Default: nothing. */
  readonly body?: string;
  /** Of the body. Default: plain text. */
  readonly type?: string;
  readonly fields?: readonly string[];
  /** Whether another request may follow. */
  readonly keepAlive: boolean;
}

/** The status line of RFC 9112 4 is one line of ASCII, and clients show it as it is. */
const MAX_REASON = 200;

/**
 * An answer in bytes, all of it but the body in ASCII.
 * @param version that of the request: who speaks HTTP/1.0 gets nothing else
 * @param headOnly as `HEAD` asks for it
 */
export function replyBytes(version: string, reply: Reply, headOnly = false): Uint8Array {
  const { status, reason, body = "", type = "text/plain", fields = [], keepAlive } = reply;
  const bytes = Buffer.from(body);
  const told = reason.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, MAX_REASON);
  const head = [
    `${version === "HTTP/1.1" ? version : "HTTP/1.0"} ${status} ${told}`,
    ...fields,
    ...(body === "" ? [] : [`Content-Type: ${type}; charset=utf-8`]),
    `Content-Length: ${bytes.length}`,
    `Connection: ${keepAlive ? "keep-alive" : "close"}`,
  ];
  const headBytes = Buffer.from(`${head.join("\r\n")}\r\n\r\n`);
  return headOnly ? headBytes : Buffer.concat([headBytes, bytes]);
}

/** A refusal, in words for the DJ. */
export function refusalReply(status: number, why: string): Reply {
  const fields = status === 401 ? CHALLENGE : status === 404 ? [ANY_ORIGIN] : [];
  return { status, reason: why, body: `${why}\n`, fields, keepAlive: false };
}

/** Asks for credentials. */
export function challenge(keepAlive: boolean): Reply {
  return { status: 401, reason: "Authentication Required", fields: CHALLENGE, keepAlive };
}

/**
 * Says what may be asked for. Browsers are told that pages of other sites may listen (Fetch 3.3.3), and
 * no more.
 * @param asked the header fields of the request
 */
export function options(asked: ReadonlyMap<string, string>, keepAlive: boolean): Reply {
  const method = asked.get("access-control-request-method");
  const isPreflight = asked.has("origin") && (method === "GET" || method === "HEAD");
  const isPrivate = asked.get("access-control-request-private-network") === "true";
  const allowed = [
    ANY_ORIGIN,
    "Access-Control-Allow-Methods: GET, HEAD",
    "Access-Control-Allow-Headers: Icy-MetaData, Range",
    `Access-Control-Max-Age: ${PREFLIGHT_MAX_AGE}`,
    ...(isPrivate ? ["Access-Control-Allow-Private-Network: true"] : []),
  ];
  return { status: 200, reason: "OK", fields: [ALLOW, ...(isPreflight ? allowed : [])], keepAlive };
}

const CHALLENGE: readonly string[] = ['WWW-Authenticate: Basic realm="Echo"', ALLOW];

/** What an update of metadata is answered with, as Icecast does. */
export function metadataReply(isDone: boolean, message: string): string {
  return `<?xml version="1.0"?>\n<iceresponse><message>${escapeXml(message)}</message>` +
    `<return>${isDone ? 1 : 0}</return></iceresponse>\n`;
}

/** The status that says why a publish was refused. */
export const REFUSAL_STATUS: Readonly<Record<RefusalKind, number>> = {
  "invalid-name": 403,
  "key-required": 401,
  "key-unknown": 401,
  "key-expired": 401,
  "not-allowed": 401,
  "unavailable": 503,
  "name-in-use": 403,
  "limit": 503,
  "stopping": 503,
  "no-audio": 415,
};

/** Lets a source begin that does not wait. It says nothing of a body, as there is none. */
export const ACCEPTED = Buffer.from("HTTP/1.0 200 OK\r\n\r\n");

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
