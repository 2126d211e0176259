/** Measures how long HTTP answers take, for metrics. */
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../session/clock.ts";

/** Takes what was asked for, by kind, and how it was answered. */
export type RequestObserver = (kind: string, status: number, durationMs: number) => void;

/**
 * Tells `observe` of every answer, and how long it took until it began.
 * @param server which of the HTTP servers: listeners' requests are told apart further
 * @param isToCome whether what is at a path comes later, and a request for it waits until then
 */
export function requestTiming(
  server: "hls" | "control" | "stat",
  clock: Pick<Clock, "monotonic">,
  observe: RequestObserver,
  isToCome: (path: string) => boolean = () => false,
): MiddlewareHandler {
  return async (c, next) => {
    // Who asks for what comes next waits for it, and not for the server.
    if (c.req.query("_HLS_msn") !== undefined || isToCome(c.req.path)) return await next();
    const startedAt = clock.monotonic();
    await next();
    const kind = server === "hls" ? listenersKind(c.req.path) : server;
    observe(kind, c.res.status, clock.monotonic() - startedAt);
  };
}

/** What a listener asks for, by its path. */
export function listenersKind(path: string): string {
  if (path.endsWith(".m3u8")) return "playlist";
  return /\.(?:ts|m4s)$/.test(path) ? "segment" : "hls";
}
