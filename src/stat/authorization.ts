import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";

/** Also as an IPv4 address looks on a socket that takes both families (RFC 4291 2.5.5.2). */
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/i;

/** A proxy on this box says by these that the client is not. */
const PROXY_HEADERS = ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"];

/**
 * Lets in who holds `token`, as `Authorization: Bearer`; where there is no token, clients on this
 * box. The peer's address is read from what `Deno.serve` tells its handler, which is passed to
 * `app.fetch` beside the request.
 */
export function authorization(token: string | undefined): MiddlewareHandler {
  return async (c, next) => {
    if (token === undefined ? isLocal(c) : isSame(bearerToken(c), token)) return await next();
    c.header("WWW-Authenticate", "Bearer");
    return c.json({ code: 401, message: "unauthorized" }, 401);
  };
}

function isLocal(c: Context): boolean {
  const info = c.env as Partial<Deno.ServeHandlerInfo<Deno.NetAddr>> | undefined;
  return LOOPBACK.test(info?.remoteAddr?.hostname ?? "") &&
    PROXY_HEADERS.every((name) => c.req.header(name) === undefined);
}

/** RFC 6750 2.1; the scheme's case does not count (RFC 9110 11.1). */
function bearerToken(c: Context): string {
  return /^Bearer +(\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1] ?? "";
}

/** Compares in time that depends neither on how nor on where the two differ. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
