/** Tells requests that another site has a browser make from those of the server's own pages. */
import { isIP } from "node:net";
import type { Context } from "hono";

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/**
 * Whether another site has the browser change something here, with the rights that the browser has
 * by its cookie or its place. Who sends neither header is no browser.
 */
export function isForged(c: Context): boolean {
  if (SAFE_METHODS.includes(c.req.method)) return false;
  // No page of its own did it either.
  return isFromOtherSite(c) || c.req.header("Sec-Fetch-Site") === "none";
}

/** Whether a page of another site has the browser ask. What a user types in is nobody's page. */
export function isFromOtherSite(c: Context): boolean {
  const site = c.req.header("Sec-Fetch-Site");
  // Only on HTTPS and on this box do browsers say it (Fetch Metadata 2.2).
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  return hasForeignOrigin(c);
}

/** Whether a page of another host asks. Who sends no Origin (RFC 6454 7) is no page. */
export function hasForeignOrigin(c: Context): boolean {
  const origin = c.req.header("Origin");
  return origin !== undefined && hostOf(origin) !== host(c);
}

/**
 * Whether the server was asked for by a name. Any site's name can be made to point at this box (DNS
 * rebinding), and then that site's pages are of the same origin.
 */
export function isRebound(c: Context): boolean {
  const name = hostname(c);
  return name !== "localhost" && isIP(name) === 0;
}

/**
 * Whether the server was asked for by an address that is not the loopback's. Who asks for one of this
 * box's own addresses from this box comes from that address; so what comes from the loopback came
 * through a proxy, whose client may be anywhere.
 */
export function isAddressedElsewhere(c: Context): boolean {
  const address = hostname(c);
  return isIP(address) !== 0 && address !== "::1" && !address.startsWith("127.");
}

/** The Host that was asked for, without port; an IPv6 address without brackets, as URLs write it. */
function hostname(c: Context): string {
  return hostOf(`http://${host(c)}`).replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function host(c: Context): string {
  return c.req.header("Host")?.toLowerCase() ?? new URL(c.req.url).host;
}

/** Host and port of a URL; empty where it is none, as `null` is. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? "";
}
