/** Lets pages of other sites send requests (CORS, and Private Network Access). */
import type { Context, MiddlewareHandler, Next } from "hono";
import { cors } from "hono/cors";

/** Seconds for which a browser need not ask again: 2 hours, the most that Chromium takes. */
const PREFLIGHT_MAX_AGE = 7200;

/**
 * Lets pages of any origin ask, without credentials, by CORS (Fetch 3.3). They may send whatever
 * headers they like: players tell about themselves (CTA-5004), apps have tokens of their own, and
 * `*` would not take in `Authorization`.
 * @param exposeHeaders headers of answers that pages may read, besides those that they always may
 */
export function anyOrigin(
  methods: readonly string[],
  exposeHeaders: readonly string[] = [],
): MiddlewareHandler {
  const exposed = exposeHeaders.join(",");
  const preflight = cors({
    origin: "*",
    allowMethods: [...methods],
    exposeHeaders: [...exposeHeaders],
    maxAge: PREFLIGHT_MAX_AGE,
  });
  return async (c, next) => {
    if (c.req.method === "OPTIONS") return await preflight(c, next);
    await next();
    // What is set before there is an answer is copied into it, field by field, which takes longer
    // than all the rest of this.
    c.res.headers.set("Access-Control-Allow-Origin", "*");
    if (exposed !== "") c.res.headers.set("Access-Control-Expose-Headers", exposed);
  };
}

/**
 * Lets pages of the internet ask a server of a private network, where the browser asks for that
 * (Private Network Access 3.1.2). For what changes nothing and is told to everybody; to be put
 * before {@link anyOrigin}.
 */
export async function fromInternet(c: Context, next: Next): Promise<void> {
  if (c.req.header("Access-Control-Request-Private-Network") === "true") {
    c.res.headers.set("Access-Control-Allow-Private-Network", "true");
    c.res.headers.append("Vary", "Access-Control-Request-Private-Network");
  }
  await next();
}
