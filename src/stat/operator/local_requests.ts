/**
 * Which requests come from this box itself: where there is no token to show, they are the operator's.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import type { ConnectionInfo } from "../../http/http_site.ts";
import { isAddressedElsewhere, isForged, isRebound } from "../../web/browser_request.ts";
import type { Verdict } from "../../web/entrance.ts";

/**
 * Tells requests of clients on this box from those that a proxy on this box passes on. A proxy may
 * have requests of several clients on one connection. So once a request on a connection came from
 * elsewhere, no later one on it counts as local.
 */
export class LocalRequests {
  /** Connections that proxies have made, by their other end. */
  readonly #ofProxies = new WeakSet<ConnectionInfo["remoteAddr"]>();

  /** Takes note of each request, whatever it asks for. */
  readonly watch: MiddlewareHandler = async (c, next) => {
    await next();
    const peer = peerOf(c);
    if (peer !== undefined && (isPassedOn(c) || isRebound(c))) this.#ofProxies.add(peer);
  };

  /** Whether the client is on this box for sure, and no page of another site has it ask. */
  check(c: Context): Verdict {
    if (!this.#isLocal(c)) return "closed";
    return isRebound(c) || isForged(c) ? "foreign" : "granted";
  }

  /** An nginx without any `proxy_set_header` closes each connection; other proxies say more. */
  #isLocal(c: Context): boolean {
    const peer = peerOf(c);
    if (peer === undefined || !LOOPBACK.test(peer.hostname)) return false;
    const isClosing = /\bclose\b/i.test(c.req.header("Connection") ?? "");
    return !isClosing && !isPassedOn(c) && !this.#ofProxies.has(peer);
  }
}

/** Also as an IPv4 address looks on a socket that takes both families (RFC 4291 2.5.5.2). */
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/i;

/** A proxy says by these whom it passes on, and how. */
const PROXY_HEADER = /^(?:forwarded|via|x-forwarded-.*|x-original-.*|x-real-ip|.*client-ip)$/;

/** Whether a proxy says that it passes the request on, or has left in it for what it was asked. */
function isPassedOn(c: Context): boolean {
  return [...c.req.raw.headers.keys()].some((name) => PROXY_HEADER.test(name)) ||
    isAddressedElsewhere(c);
}

/** The connection's other end; `undefined` where the request came by no socket. */
function peerOf(c: Context): ConnectionInfo["remoteAddr"] | undefined {
  const info = c.env as Partial<ConnectionInfo> | undefined;
  return info?.remoteAddr;
}
