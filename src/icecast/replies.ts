/**
 * What the source port answers.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { RefusalKind } from "../session/ingest.ts";

/** What sources may ask for; libshout reads it to know what there is. */
const ALLOW = "Allow: GET, PUT, OPTIONS, SOURCE";

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
  const fields = status === 401 ? CHALLENGE : [];
  return { status, reason: why, body: `${why}\n`, fields, keepAlive: false };
}

/** Asks for credentials on a connection that stays open. */
export function challenge(): Reply {
  return { status: 401, reason: "Authentication Required", fields: CHALLENGE, keepAlive: true };
}

/**
 * Says what may be asked for.
 * @param isPreflight whether it is asked for a page of another site, which may be a receiver
 */
export function options(keepAlive: boolean, isPreflight = false): Reply {
  const fields = isPreflight ? [ALLOW, ...FOR_PAGES] : [ALLOW];
  return { status: 200, reason: "OK", fields, keepAlive };
}

/** What pages of any origin may ask for: nothing that needs a password. */
const FOR_PAGES: readonly string[] = [
  "Access-Control-Allow-Origin: *",
  "Access-Control-Allow-Methods: GET, HEAD",
  "Access-Control-Allow-Headers: Icy-MetaData, Range",
  "Access-Control-Max-Age: 7200",
];

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
