/** Sends people who ask for a page by HTTP to HTTPS. */
import type { MiddlewareHandler } from "hono";
import { publicHost, SCHEME } from "./routes.ts";

const HTTPS_PORT = 443;

/**
 * Sends whoever asks for a page of `path` by HTTP to the same page on `port`. Players, which ask for
 * files of broadcasts, stay: some do not follow, and none needs to.
 */
export function redirectToHttps(path: string, port: number): MiddlewareHandler {
  const page = new RegExp(`^/(?:${path}/[^/.~]+/?)?$`);
  return async (c, next) => {
    const { protocol, pathname, search } = new URL(c.req.url);
    const host = publicHost(c);
    const isSecure = protocol === "https:" || c.req.header(SCHEME) !== undefined;
    if (isSecure || host === undefined || !page.test(pathname)) return await next();
    const name = host.replace(/:\d+$/, "");
    const at = port === HTTPS_PORT ? name : `${name}:${port}`;
    c.header("Cache-Control", "no-store");
    return c.redirect(`https://${at}${pathname}${search}`, 307);
  };
}
