/** The address that an HTTP request came from. */
import type { Context } from "hono";

/** An IPv4 peer's address on a socket that takes both families (RFC 4291 2.5.5.2). */
const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i;

/**
 * The address that a request came from, without port; empty where it came from no socket. It is
 * read from what `Deno.serve` tells its handler, which is passed to `app.fetch` beside the request.
 */
export function peerAddress(c: Context): string {
  const info = c.env as Partial<Deno.ServeHandlerInfo<Deno.NetAddr>> | undefined;
  return (info?.remoteAddr?.hostname ?? "").replace(MAPPED_IPV4, "");
}
