/** The cookie that stands for a session of the control API. */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { ControlError } from "./control_error.ts";

const COOKIE = "echo";

/** `ID.NAME.ADDRESS.SIGNATURE`. Only the address may have dots in it. */
const COOKIE_VALUE = /^((\d{1,15})\.([\w-]{1,128})\.(\S+))\.([\w-]{43})$/;

/** What the cookie says: which session, and on which box. */
export interface SessionCookie {
  readonly id: number;
  readonly name: string;
  /** The private address of the box that has the session. */
  readonly address: string;
}

/** Gives the client its session's cookie, signed with `key`; over TLS alone where that was asked over. */
export function setSessionCookie(c: Context, key: string, session: SessionCookie): void {
  const text = `${session.id}.${session.name}.${session.address}`;
  setCookie(c, COOKIE, `${text}.${sign(text, key)}`, {
    path: "/echo",
    httpOnly: true,
    sameSite: "Lax",
    secure: new URL(c.req.url).protocol === "https:",
  });
}

/**
 * Reads the cookie that the client was given.
 * @throws {ControlError} 400 where there is none, or `key` did not sign it
 */
export function readSessionCookie(c: Context, key: string): SessionCookie {
  const cookie = sessionCookieOf(c, key);
  if (cookie !== undefined) return cookie;
  const isThere = getCookie(c, COOKIE) !== undefined;
  throw new ControlError(400, isThere ? "bad cookie" : "bad cookie: expected echo, got none");
}

/** The cookie that the client was given; `undefined` where it has none that `key` signed. */
export function sessionCookieOf(c: Context, key: string): SessionCookie | undefined {
  const [, text, id, name, address, signature] = COOKIE_VALUE.exec(getCookie(c, COOKIE) ?? "") ??
    [];
  if (
    text === undefined || name === undefined || address === undefined || signature === undefined ||
    !timingSafeEqual(Buffer.from(signature), Buffer.from(sign(text, key))) || isIP(address) === 0
  ) {
    return undefined;
  }
  return { id: Number(id), name, address };
}

/**
 * HMAC-SHA-256 in base64url. Signatures are compared as text. Hono's signed cookies compare decoded
 * bytes, and then a signature with another last letter may be taken as well.
 */
function sign(text: string, key: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}
