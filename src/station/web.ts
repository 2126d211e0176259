/** The web servers of the control API and of the statistics, and what all of them have in common. */
import type { Hono, MiddlewareHandler } from "hono";
import type { Address } from "../config/kinds.ts";
import { Authorizer, loadCredentials } from "../control/authorization.ts";
import { passedRoutes } from "../control/answering_boxes.ts";
import { PageOrigins } from "../control/page_origins.ts";
import type { PublicAddress } from "../control/publish_answer.ts";
import { controlRoutes } from "../control/routes.ts";
import type { Hls } from "../hls/hls.ts";
import type { ProgressiveStreams } from "../hls/progressive/progressive_streams.ts";
import type { ListenAddress } from "../http/http_server.ts";
import type { Catalogue } from "../record/catalogue.ts";
import type { SrtServer } from "../srt/server.ts";
import { History } from "../stat/live/history.ts";
import type { Metrics } from "../stat/metrics/metrics.ts";
import { StatTokens } from "../tokens/stat_tokens.ts";
import { AccessLog, accessLog } from "../web/access_log.ts";
import { requestTiming } from "../web/request_timing.ts";
import { WebServer, type WebServerOptions } from "../web/web_server.ts";
import { answeringBoxes, PASSED_PATH } from "./control_passing.ts";
import type { Core } from "./core.ts";
import { keepLastHour } from "./last_hour.ts";
import { listen } from "./listen.ts";
import type { FleetOverview } from "./fleet_overview.ts";
import type { Observers } from "./observers.ts";
import { applyNothing, type Reload } from "./reload.ts";
import { StatWeb } from "./stat_web.ts";
import { securePlace } from "./tls.ts";

/** What the control API has to do with beside the core. */
export interface ControlParts {
  readonly metrics: Metrics;
  /** `undefined` where there is no SRT. */
  readonly srt: SrtServer | undefined;
  /** `undefined` where there is no HLS. */
  readonly hls: Hls | undefined;
  /** `undefined` where there are none. */
  readonly streams: ProgressiveStreams | undefined;
}

/**
 * Serves the control API.
 * @returns what applies the credentials that it checks, and which pages may call it
 */
export async function serveControl(core: Core, parts: ControlParts): Promise<Reload> {
  const { clock, stops, keys, sessions, authority } = core;
  const { auth, control, icecast, rtmp, srt, tls } = core.config;
  if (!control.enabled) return applyNothing;
  const authorizer = new Authorizer({
    mode: auth.mode,
    credentials: await loadCredentials(auth),
    authority,
    clock,
  });
  stops.add(() => authorizer.close());
  const origins = new PageOrigins(control.origins ?? []);
  const options = {
    clock,
    sessions,
    keys,
    authorizer,
    origins,
    ports: parts.srt,
    address: {
      ...{ ip: control.publicIp, controlPort: control.addr.port, rtmpPort: rtmp.addr.port },
      icecastPort: icecast.enabled ? icecast.addr.port : undefined,
      secure: secureAddress(core),
    },
    privateIp: control.privateIp,
    cookieKey: control.cookieKey,
    dryRunPort: srt.minPort,
    onLateTeardown: (name: string, id: number) => {
      parts.hls?.endNow(name, id);
      parts.streams?.endNow(name, id);
    },
  };
  const others = core.fleet &&
    answeringBoxes({ member: core.fleet.member, links: core.fleet.links.links });
  const routes = controlRoutes({ ...options, others });
  if (core.fleet !== undefined) {
    const passedOn = controlRoutes({ ...options, isPassedOn: true });
    core.fleet.links.routes.route(PASSED_PATH, passedRoutes(passedOn));
  }
  const middleware = [timing("control", core, parts.metrics)];
  const place = {
    ...{ kind: "control", what: "control API", addr: control.addr },
    secure: { what: "control API over HTTPS", addr: tls.controlAddr },
  };
  serve(core, routes, { middleware }, place);
  return async ({ auth, control }) => {
    const credentials = await loadCredentials(auth);
    return () => {
      authorizer.replace(credentials);
      origins.replace(control.origins ?? []);
    };
  };
}

/** What statistics tell of beside the core and its observers. */
export interface ServedStatistics {
  /** `undefined` where nothing is recorded. */
  readonly catalogue: Catalogue | undefined;
  /** `undefined` where the server is alone. */
  readonly overview: FleetOverview | undefined;
}

/**
 * Serves statistics, metrics, recordings and the dashboard.
 * @returns what applies the token that opens them
 */
export function serveStatistics(
  core: Core,
  { statistics, metrics, reporter }: Observers,
  { catalogue, overview }: ServedStatistics,
): Reload {
  const { config, clock, stops, events, sessions, health, listeners, keys, djs } = core;
  const { stat } = config;
  const tokens = core.tokens && new StatTokens(core.tokens);
  if (!stat.webEnabled || reporter === undefined) return applyNothing;
  const history = new History();
  const parts = new StatWeb(config, {
    ...{ clock, events, sessions, statistics, metrics, listeners, health, catalogue, keys, djs },
    ...{ reporter, tokens, history, isCertified: core.certificate?.isFor, overview },
  });
  keepLastHour(core, history, () => parts.tellHistory());
  stops.add(() => parts.close());
  const log = accessLog(new AccessLog("echo-stat-web"), clock);
  const middleware = [log, timing("stat", core, metrics)];
  serve(core, parts.routes, { middleware }, {
    kind: "stat",
    what: "statistics",
    addr: stat.webAddr,
    secure: { what: "statistics over HTTPS", addr: config.tls.statAddr },
  });
  // Streams have no end of their own: who watches is let go first.
  stops.add(() => parts.close());
  return parts.reload;
}

function timing(
  server: "control" | "stat",
  { clock }: Core,
  metrics: Metrics,
): MiddlewareHandler {
  return requestTiming(server, clock, (...answer) => metrics.requestDurations.observe(...answer));
}

/** What a web server is called, and where it listens. */
export interface WebPlace {
  readonly kind: string;
  readonly what: string;
  readonly addr: ListenAddress;
  /** With TLS, where there is a certificate. */
  readonly secure: { readonly what: string; readonly addr: Address | "off" };
}

/** What a web server is made of, but for its routes. */
export type Site = Pick<WebServerOptions, "middleware" | "shared" | "getPath" | "certificate">;

/** Serves `routes`, and over TLS too where there is a certificate. */
export function serve(core: Core, routes: Hono, site: Site, { secure, ...place }: WebPlace): void {
  serveAt(core, routes, site, place);
  const found = securePlace(core, secure.addr);
  if (found === undefined) return;
  const { addr, certificate } = found;
  const kind = overTls(place.kind);
  serveAt(core, routes, { ...site, certificate }, { kind, what: secure.what, addr });
}

/** The kind of a server that is there with TLS too. */
export function overTls(kind: string): string {
  return `${kind}-tls`;
}

/** Where clients of the control API find what there is over TLS; `undefined` where there is none. */
function secureAddress(core: Core): PublicAddress["secure"] {
  const { certificate, config: { rtmp, tls } } = core;
  if (certificate === undefined) return undefined;
  const rtmps = rtmp.enabled ? securePlace(core, tls.rtmpsAddr) : undefined;
  return {
    controlPort: securePlace(core, tls.controlAddr)?.addr.port,
    rtmpsPort: rtmps?.addr.port,
    isFor: certificate.isFor,
  };
}

function serveAt(
  { clock, stops, sockets, health, webLimits }: Core,
  routes: Hono,
  site: Site,
  { kind, what, addr }: Omit<WebPlace, "secure">,
): void {
  const counts = webLimits.addServer(kind);
  const web = new WebServer(addr, routes, ["echo", kind], { ...site, clock, counts });
  const socket = listen(sockets, addr, {
    ...{ kind, what },
    open: (onEnd) => web.listen(onEnd),
    letGo: () => web.letGo(),
  });
  health.add("listening", () => [problemIfFull(what, web)]);
  stops.add(() => web.close(), () => socket.close());
}

/** What health tells of a server that is full. */
export function problemIfFull(
  what: string,
  server: { readonly isFull: boolean },
): string | undefined {
  if (!server.isFull) return undefined;
  return `${what} turns connections away: it has all that it may have`;
}
