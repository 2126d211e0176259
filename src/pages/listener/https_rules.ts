/** What browsers are told of HTTPS: where pages are, and that they are to use nothing else. */
import type { MiddlewareHandler } from "hono";
import { publicHost, SCHEME } from "./routes.ts";

const HTTPS_PORT = 443;

/** What a server for listeners tells of HTTPS. */
export interface HttpsRules {
  /** The port to which people are sent who ask for pages by HTTP; `undefined`: they are not. */
  readonly redirectPort: number | undefined;
  /** For so many seconds browsers are to use nothing but HTTPS (RFC 6797); 0: that is not said. */
  readonly strictSeconds: number;
}

/** Middleware that tells so, for pages below `path`. */
export function tellOfHttps(
  path: string,
  { redirectPort, strictSeconds }: HttpsRules,
): MiddlewareHandler[] {
  return [
    ...(redirectPort === undefined ? [] : [redirectToHttps(path, redirectPort)]),
    ...(strictSeconds === 0 ? [] : [strictTransport(strictSeconds)]),
  ];
}

/**
 * Sends whoever asks for a page of `path` by HTTP to the same page on `port`, with the same token.
 * Players, which ask for files of broadcasts, stay: some do not follow, and none needs to.
 */
function redirectToHttps(path: string, port: number): MiddlewareHandler {
  const page = new RegExp(`^/(?:${path}/(?:~[^/]+/)?[^/.~]+/?)?$`);
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

/** RFC 6797 7.2: by HTTP it must not be said. */
function strictTransport(seconds: number): MiddlewareHandler {
  return async (c, next) => {
    await next();
    if (!c.req.url.startsWith("https:")) return;
    c.res.headers.set("Strict-Transport-Security", `max-age=${seconds}`);
  };
}
