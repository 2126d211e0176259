/** Measures how long HTTP answers take, for metrics. */
import type { Context, MiddlewareHandler } from "hono";
import type { Clock } from "../session/clock.ts";

/** Takes what was asked for, by kind, and how it was answered. */
export type RequestObserver = (kind: string, status: number, durationMs: number) => void;

/**
 * Tells `observe` of every answer, and how long it took until it began.
 * @param server which of the HTTP servers: listeners' requests are told apart further
 */
export function requestTiming(
  server: "hls" | "control" | "stat",
  clock: Pick<Clock, "monotonic">,
  observe: RequestObserver,
): MiddlewareHandler {
  return async (c, next) => {
    const startedAt = clock.monotonic();
    await next();
    if (c.req.query("_HLS_msn") !== undefined || c.get(UNTIMED) === true) return;
    const kind = server === "hls" ? listenersKind(c.req.path) : server;
    observe(kind, c.res.status, clock.monotonic() - startedAt);
  };
}

/** The request waits for what comes next, and not for the server: its answer is not timed. */
export function leaveUntimed(c: Context): void {
  c.set(UNTIMED, true);
}

/** What a listener asks for, by its path. */
export function listenersKind(path: string): string {
  if (path.endsWith(".m3u8")) return "playlist";
  return /\.(?:ts|m4s)$/.test(path) ? "segment" : "hls";
}

const UNTIMED = "untimed";
