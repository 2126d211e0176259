/**
 * The HTTP routes of the live view: the stream of events, what is known of one session, and how
 * operators end it.
 */
import { getLogger } from "@logtape/logtape";
import { Hono, type MiddlewareHandler } from "hono";
import { SERVER_REASON } from "../../session/reason.ts";
import type { SessionManager } from "../../session/session_manager.ts";
import { isFromOtherSite } from "../../web/browser_request.ts";
import { peerAddress } from "../../web/peer_address.ts";
import type { Live } from "./live.ts";

const logger = getLogger(["echo", "stat"]);

/** Canonical form of a session id, and of an event's number. */
const NUMBER = /^[1-9]\d{0,15}$/;

const HEADERS = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  // Or nginx would collect events before it passes them on.
  "X-Accel-Buffering": "no",
};

export interface LiveRoutesOptions {
  readonly live: Pick<Live, "watch" | "details">;
  readonly sessions: Pick<SessionManager, "get">;
  /** Lets in who may watch and end sessions. */
  readonly guard: MiddlewareHandler;
  /** Aborted when who was let in may not be any more. */
  readonly validity: () => AbortSignal;
}

/** What operators watch, and how they end a session. */
export function liveRoutes({ live, sessions, guard, validity }: LiveRoutesOptions): Hono {
  const app = new Hono();
  app.get("/stat/1/events", guard, (c) => {
    // It would read nothing, and keep a place.
    if (isFromOtherSite(c)) return c.json({ code: 403, message: "not from another site" }, 403);
    // Nobody would read what is sent, nor tell when it is over.
    if (c.req.method === "HEAD") return c.body(null, 200, HEADERS);
    const last = c.req.header("Last-Event-ID") ?? c.req.query("after") ?? "";
    const body = live.watch(NUMBER.test(last) ? Number(last) : 0, peerAddress(c), validity());
    return c.body(body, 200, HEADERS);
  });
  app.get("/stat/1/sessions/:id/details", guard, (c) => {
    const id = c.req.param("id");
    const details = NUMBER.test(id) ? live.details(Number(id)) : undefined;
    return details === undefined
      ? c.json({ code: 404, message: "session not found" }, 404)
      : c.json(details, 200, { "Cache-Control": "no-store" });
  });
  app.delete("/stat/1/sessions/:id", guard, (c) => {
    const id = c.req.param("id");
    const session = NUMBER.test(id) ? sessions.get(Number(id)) : undefined;
    if (session === undefined) return c.json({ code: 404, message: "session not found" }, 404);
    logger.info("{client} ended it by the statistics API", {
      client: peerAddress(c),
      name: session.name,
      id: session.id,
    });
    session.end("teardown", SERVER_REASON);
    return c.body(null, 204);
  });
  return app;
}
