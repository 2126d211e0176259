/**
 * The HTTP routes that are open to all: health checks, statistics and metrics; and who listens, for
 * operators.
 */
import { type Context, Hono } from "hono";
import type { Entrance } from "../web/entrance.ts";
import type { Health } from "./health.ts";
import type { Audience } from "./audience.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { forEverybody } from "./statistics/session_info.ts";
import type { Statistics } from "./statistics/statistics.ts";
import type { SystemUsage } from "./system_usage.ts";

/** Canonical form of a session id. */
const SESSION_ID = /^[1-9]\d{0,15}$/;

export interface StatRoutesOptions {
  readonly statistics: Pick<Statistics, "ids" | "find" | "count">;
  readonly usage: () => SystemUsage;
  readonly metrics: Pick<Metrics, "contentType" | "render">;
  readonly audience: Audience;
  readonly health: Pick<Health, "report">;
  /** Knows who may see more than what is open to all. */
  readonly entrance: Pick<Entrance, "check" | "guard">;
}

/** Health checks, statistics and metrics over HTTP. */
export function statRoutes(options: StatRoutesOptions): Hono {
  const { statistics, usage, metrics, audience, health, entrance } = options;
  const maySeeAll = async (c: Context) => await entrance.check(c) === "granted";
  const app = new Hono();
  app.get("/health", async (c) => {
    c.header("Vary", "Accept");
    const wantsJson = c.req.header("Accept")?.includes("application/json") ?? false;
    if (!wantsJson) return c.body(null, 200);
    const { status, parts, problems } = health.report;
    return c.json(await maySeeAll(c) ? { status, parts, problems } : { status, parts });
  });
  app.get("/metrics", async (c) => {
    return c.body(await metrics.render(), 200, { "Content-Type": metrics.contentType });
  });
  app.get("/stat/1/sysusage", (c) => c.json(usage()));
  app.get("/stat/1/sessions", (c) => c.json(statistics.ids));
  app.get("/stat/1/sessions/count", (c) => c.json(statistics.count));
  app.get("/stat/1/sessions/count/input", (c) => c.json(statistics.count.input));
  app.get("/stat/1/sessions/:id", async (c) => {
    const id = c.req.param("id");
    const info = SESSION_ID.test(id) ? statistics.find(Number(id)) : undefined;
    return info === undefined
      ? c.json({ code: 404, message: "session not found" }, 404)
      : c.json(await maySeeAll(c) ? info : forEverybody(info));
  });
  app.get("/stat/1/listeners", entrance.guard, (c) => {
    return c.json({ total: audience.total, names: Object.fromEntries(audience.byName()) });
  });
  return app;
}
