/** The address that counts of an HTTP request. */
import type { Context } from "hono";
import { isLoopback } from "../http/addresses.ts";
import type { ConnectionInfo } from "../http/http_site.ts";

/** An IPv4 peer's address on a socket that takes both families (RFC 4291 2.5.5.2). */
const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i;

/**
 * The address that a request came from, without port; empty where it came from no socket. Of what a
 * trusted proxy passes on it is the client's. It is read from what the HTTP server tells of the
 * connection, which `app.fetch` is given beside the request.
 */
export function peerAddress(c: Context): string {
  const info = c.env as Partial<ConnectionInfo> | undefined;
  return plainAddress(info?.client ?? info?.remoteAddr?.hostname ?? "");
}

/**
 * The same where it is one client's; `undefined` where it is the box itself, which may pass on what
 * many ask for, or is not known.
 */
export function addressOfOne(c: Context): string | undefined {
  return ifOnes(peerAddress(c));
}

/** An address where it is one client's, as {@link addressOfOne}. */
export function ifOnes(address: string): string | undefined {
  return address === "" || isLoopback(address) ? undefined : address;
}

/** An address as people write it: an IPv4 one also where it came by a socket for both families. */
export function plainAddress(address: string): string {
  return address.replace(MAPPED_IPV4, "");
}
