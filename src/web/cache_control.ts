/** Says of each HTTP answer how long caches may keep it. */
import type { Context, Next } from "hono";

/**
 * Middleware that says of every answer how long it is true (RFC 9111 5.2.2): at this moment only,
 * where the route has not said more by `Cache-Control`. Without a word, caches keep some answers for
 * minutes, 404 among them (RFC 9111 4.2.2). A route may say more of what it answers by the URL
 * alone: caches give it to everybody.
 */
export async function noStoreByDefault(c: Context, next: Next): Promise<void> {
  await next();
  const { headers, status } = c.res;
  // A route that failed may have said it of what it was about to answer.
  if (status >= 500 || !headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
}
