/** What the statistics server serves: it puts the routes of several rooms together. */
import { Hono, type MiddlewareHandler } from "hono";
import type { Config } from "../config.ts";
import type { DjAuthority } from "../dj/dj_authority.ts";
import type { Listeners } from "../hls/listeners.ts";
import { dashboardRoutes } from "../pages/dashboard/routes.ts";
import type { Catalogue } from "../record/catalogue.ts";
import { recordRoutes } from "../record/routes.ts";
import type { Clock } from "../session/clock.ts";
import type { EventBus } from "../session/events.ts";
import type { Keys } from "../session/key_store.ts";
import type { SessionManager } from "../session/session_manager.ts";
import type { Health } from "../stat/health.ts";
import { encoderRoutes } from "../stat/encoders/routes.ts";
import { OperatorEntrance } from "../stat/operator/operator_entrance.ts";
import type { History } from "../stat/live/history.ts";
import { type BoxFacts, Live } from "../stat/live/live.ts";
import { liveRoutes } from "../stat/live/routes.ts";
import type { Reporter } from "../stat/reports/reporter.ts";
import { reportRoutes } from "../stat/reports/routes.ts";
import type { Metrics } from "../stat/metrics/metrics.ts";
import { statRoutes } from "../stat/routes.ts";
import type { Statistics } from "../stat/statistics/statistics.ts";
import { systemUsage } from "../stat/system_usage.ts";
import { VERSION } from "../version.ts";
import type { OperatorTokens } from "../web/entrance.ts";
import { encoderHost } from "./encoder_host.ts";
import type { FleetOverview } from "./fleet_overview.ts";
import type { Reload } from "./reload.ts";
import { bucketOrigin } from "./storage.ts";

/** What is told of over HTTP. */
export interface StatWebParts {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly sessions: SessionManager;
  readonly statistics: Statistics;
  readonly metrics: Metrics;
  readonly reporter: Pick<Reporter, "report">;
  readonly listeners: Listeners;
  readonly health: Health;
  readonly keys: Keys;
  readonly djs: DjAuthority;
  /** Filled with how the server fares. */
  readonly history: History;
  /** `undefined` where nothing is recorded. */
  readonly catalogue: Catalogue | undefined;
  /** Whether the certificate is for a host; `undefined` where there is none. */
  readonly isCertified?: ((host: string) => boolean) | undefined;
  /** Tokens that let operators in; `undefined` where there are none. */
  readonly tokens?: OperatorTokens | undefined;
  /** The whole fleet; `undefined` where the server is alone. */
  readonly overview?: FleetOverview | undefined;
}

/** All that `STAT_WEB_ADDR` serves: statistics, metrics, recordings, and the dashboard. */
export class StatWeb {
  readonly routes: Hono = new Hono();
  readonly #entrance: OperatorEntrance;
  readonly #live: Live;

  constructor(config: Config, parts: StatWebParts) {
    const { clock, sessions, statistics, metrics, listeners: audience, health, catalogue } = parts;
    const { tokens, reporter, overview } = parts;
    const entrance = new OperatorEntrance({ token: config.stat.token, tokens, clock });
    const { guard } = entrance;
    const validity = () => entrance.validity;
    const live = watch(config, parts, entrance);
    const stat = { statistics, usage: systemUsage, metrics, audience, health, entrance };
    this.#entrance = entrance;
    this.#live = live;
    this.routes.use(entrance.watch);
    this.routes.route("/", statRoutes(stat));
    this.routes.route("/", liveRoutes({ live, sessions, guard, validity }));
    this.routes.route("/", reportRoutes({ reporter, clock, guard }));
    this.routes.route("/", publishing(config, parts, guard));
    if (overview !== undefined) this.routes.route("/", overview.routes(guard));
    this.routes.route(
      "/",
      dashboardRoutes(entrance, {
        hlsPorts: hlsPortsOf(config),
        recordingsOrigin: bucketOrigin(config),
      }),
    );
    if (catalogue === undefined) return;
    this.routes.route("/stat/1/recordings", recordRoutes({ catalogue, guard }));
  }

  /** Applies the token. */
  readonly reload: Reload = ({ stat }) => () => this.#entrance.replace(stat.token);

  /** Tells whoever watches that something was put before the history. */
  tellHistory(): void {
    this.#live.tellHistory();
  }

  /** Lets everybody go who watches. */
  close(): void {
    this.#live.close();
  }
}

/** What DJs need to publish. */
function publishing(
  config: Config,
  { clock, keys, djs, isCertified }: StatWebParts,
  guard: MiddlewareHandler,
): Hono {
  return encoderRoutes({
    ...{ clock, keys, guard, auth: config.auth.mode },
    djs: () => Array.from(djs.list.values(), ({ user, names }) => ({ user, names })),
    at: (asked) => encoderHost(config, { asked, isCertified }),
  });
}

function watch(config: Config, parts: StatWebParts, entrance: OperatorEntrance): Live {
  const { hls, record } = config;
  const { clock, events, sessions, metrics, listeners, health, history } = parts;
  return new Live({
    clock,
    events,
    sessions,
    audience: listeners,
    usage: systemUsage,
    load: metrics.load,
    folders: { hls: hls.rootDir, record: record.rootDir },
    health,
    history,
    box: () => ({
      version: VERSION,
      hls: hlsOf(config),
      recordings: record.enabled,
      token: entrance.hasToken,
      ...(parts.overview === undefined ? {} : { fleet: true as const }),
    }),
  });
}

/** Where listeners are served; null where they are not. */
function hlsOf({ hls, tls }: Config): BoxFacts["hls"] {
  if (!hls.enabled || !hls.webEnabled) return null;
  const { port } = hls.webAddr;
  const isSecure = tls.certFile !== undefined && tls.hlsAddr !== "off";
  return { port, ...(isSecure ? { tlsPort: tls.hlsAddr.port } : {}), path: hls.webPath };
}

function hlsPortsOf(config: Config): number[] {
  const { port, tlsPort = port } = hlsOf(config) ?? {};
  return port === undefined ? [] : [...new Set([port, tlsPort ?? port])];
}
