/** What the statistics server serves: it puts the routes of several rooms together. */
import { type Context, Hono } from "hono";
import type { Config } from "../config.ts";
import type { Listeners } from "../hls/listeners.ts";
import { dashboardRoutes } from "../pages/dashboard/routes.ts";
import type { Catalogue } from "../record/catalogue.ts";
import { recordRoutes } from "../record/routes.ts";
import type { Clock } from "../session/clock.ts";
import type { EventBus } from "../session/events.ts";
import type { SessionManager } from "../session/session_manager.ts";
import type { Health } from "../stat/health.ts";
import { Authorization } from "../stat/authorization.ts";
import { type BoxFacts, Live } from "../stat/live.ts";
import { liveRoutes } from "../stat/live_routes.ts";
import type { Metrics } from "../stat/metrics.ts";
import { statRoutes } from "../stat/routes.ts";
import type { Statistics } from "../stat/statistics.ts";
import { systemUsage } from "../stat/system_usage.ts";
import { VERSION } from "../version.ts";
import type { Reload } from "./reload.ts";

/** What is told of over HTTP. */
export interface StatWebParts {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly sessions: SessionManager;
  readonly statistics: Statistics;
  readonly metrics: Metrics;
  readonly listeners: Listeners;
  readonly health: Health;
  /** `undefined` where nothing is recorded. */
  readonly catalogue: Catalogue | undefined;
}

/** All that `STAT_WEB_ADDR` serves: statistics, metrics, recordings, and the dashboard. */
export class StatWeb {
  readonly routes: Hono = new Hono();
  readonly #authorization: Authorization;
  readonly #live: Live;

  constructor(config: Config, parts: StatWebParts) {
    const { clock, sessions, statistics, metrics, listeners: audience, health, catalogue } = parts;
    const authorization = new Authorization({ token: config.stat.token, clock });
    const { guard } = authorization;
    const validity = () => authorization.validity;
    const live = watch(config, parts, authorization);
    const isLetIn = (c: Context) => authorization.check(c) === "granted";
    const stat = { statistics, usage: systemUsage, metrics, audience, health, guard, isLetIn };
    this.#authorization = authorization;
    this.#live = live;
    this.routes.route("/", statRoutes(stat));
    this.routes.route("/", liveRoutes({ live, sessions, guard, validity }));
    this.routes.route("/", dashboardRoutes(authorization, hlsOf(config)?.port));
    if (catalogue === undefined) return;
    this.routes.route("/stat/1/recordings", recordRoutes({ catalogue, guard }));
  }

  /** Applies the token. */
  readonly reload: Reload = ({ stat }) => () => this.#authorization.replace(stat.token);

  /** Lets everybody go who watches. */
  close(): void {
    this.#live.close();
  }
}

function watch(config: Config, parts: StatWebParts, authorization: Authorization): Live {
  const { hls, record } = config;
  const { clock, events, sessions, metrics, listeners, health } = parts;
  return new Live({
    clock,
    events,
    sessions,
    audience: listeners,
    usage: systemUsage,
    load: metrics.load,
    folders: { hls: hls.rootDir, record: record.rootDir },
    health,
    box: () => ({
      version: VERSION,
      hls: hlsOf(config),
      recordings: record.enabled,
      token: authorization.hasToken,
    }),
  });
}

/** Where listeners are served; null where they are not. */
function hlsOf({ hls }: Config): BoxFacts["hls"] {
  if (!hls.enabled || !hls.webEnabled) return null;
  return { port: hls.webAddr.port, path: hls.webPath };
}
