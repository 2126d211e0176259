/** The cookie by which a browser stays signed in to the dashboard. */
import { createHmac } from "node:crypto";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { isSameSecret } from "../../web/same_secret.ts";

const COOKIE = "echo_dashboard";
/** How long a cookie counts. */
export const LIFETIME_MS = 12 * 3_600_000;

/** `EXPIRY.SIGNATURE`, the expiry in milliseconds since the epoch. */
const COOKIE_VALUE = /^(\d{1,15})\.([\w-]{43})$/;

/** Gives the client a cookie that stands for `token` for 12 hours, and does not tell it. */
export function setSignIn(c: Context, token: string, now: number): void {
  const expiry = `${now + LIFETIME_MS}`;
  setCookie(c, COOKIE, `${expiry}.${sign(expiry, token)}`, {
    ...attributes(c),
    maxAge: LIFETIME_MS / 1000,
  });
}

/** When the cookie of the client ends; `undefined` where it has none that stands for `token` now. */
export function signedInUntil(c: Context, token: string, now: number): number | undefined {
  const [, expiry = "", signature = ""] = COOKIE_VALUE.exec(getCookie(c, COOKIE) ?? "") ?? [];
  const isGood = isSameSecret(signature, sign(expiry, token)) && now < Number(expiry);
  return isGood ? Number(expiry) : undefined;
}

/** Gives the client a cookie that stands for a token of an issuer, see `IssuedSignIns`. */
export function setIssuedCookie(c: Context, id: string): void {
  setCookie(c, COOKIE, id, { ...attributes(c), maxAge: LIFETIME_MS / 1000 });
}

/** What the client has in the place of such a cookie; empty where it has nothing. */
export function issuedCookie(c: Context): string {
  return getCookie(c, COOKIE) ?? "";
}

export function clearSignIn(c: Context): void {
  deleteCookie(c, COOKIE, attributes(c));
}

function attributes(c: Context) {
  return {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: c.req.url.startsWith("https:") ||
      c.req.header("X-Forwarded-Proto")?.trim().toLowerCase() === "https",
  } as const;
}

/** HMAC-SHA-256 in base64url. */
function sign(expiry: string, token: string): string {
  return createHmac("sha256", token).update(`echo dashboard until ${expiry}`).digest("base64url");
}
