/** The web servers: HLS with its pages, the control API, the statistics. */
import type { Hono, MiddlewareHandler } from "hono";
import type { Config } from "../config.ts";
import type { Address } from "../config/kinds.ts";
import { Authorizer, loadCredentials } from "../control/authorization.ts";
import { PageOrigins } from "../control/page_origins.ts";
import type { PublicAddress } from "../control/publish_answer.ts";
import { controlRoutes } from "../control/routes.ts";
import type { Hls } from "../hls/hls.ts";
import { localOrigin } from "../hls/local_origin.ts";
import { localStreams } from "../hls/progressive/local_streams.ts";
import type { ProgressiveStreams } from "../hls/progressive/progressive_streams.ts";
import type { ListenAddress } from "../http/http_server.ts";
import type { HttpsRules } from "../pages/listener/https_rules.ts";
import type { Catalogue } from "../record/catalogue.ts";
import type { SrtServer } from "../srt/server.ts";
import { History } from "../stat/live/history.ts";
import type { Metrics } from "../stat/metrics/metrics.ts";
import { StatTokens } from "../tokens/stat_tokens.ts";
import { AccessLog, accessLog } from "../web/access_log.ts";
import { type RequestObserver, requestTiming } from "../web/request_timing.ts";
import { WebServer, type WebServerOptions } from "../web/web_server.ts";
import type { Core } from "./core.ts";
import { keepLastHour } from "./last_hour.ts";
import { listen } from "./listen.ts";
import { entranceSettings, listenerEntrance } from "./entrance_settings.ts";
import type { FleetOverview } from "./fleet_overview.ts";
import { listenerSite } from "./listener_web.ts";
import type { Observers } from "./observers.ts";
import type { HlsOutput } from "./outputs.ts";
import { applyNothing, type Reload } from "./reload.ts";
import { StatWeb } from "./stat_web.ts";
import { localRewind } from "./rewind.ts";
import { HttpThreads, type HttpThreadsOptions } from "./threads/http_threads.ts";
import type { RewindSettings } from "./threads/messages.ts";
import { securePlace } from "./tls.ts";

/**
 * Serves playlists, segments and the listeners' pages.
 * @returns the threads that do so; `undefined` where there are none beside this one
 */
export function serveHls(
  core: Core,
  output: HlsOutput,
  metrics: Metrics,
): HttpThreads | undefined {
  const { webEnabled, webAddr, webPath: path, webIndex: index, webThreads, lowLatency } =
    core.config.hls;
  const { keys } = core.tokens ?? {};
  if (!webEnabled) return undefined;
  const { hls, folder, preroll, shows, rewinds } = output;
  if (webThreads > 0) return startThreads(core, output, metrics);
  const readFile = (name: string, file: string) => folder.read(name, file);
  const origin = localOrigin(hls.distributor, { clock: core.clock, readFile });
  core.stops.add(() => origin.close());
  const onFetch = (name: string, file: string) => core.listeners.fetched(name, file);
  const { clock } = core;
  const streams = output.streams && localStreams(output.streams, { clock });
  core.listeners.addStreams(() => streams === undefined ? [] : [streams.listeners]);
  const settings = rewindSettings(core, output);
  const has = (name: string) => origin.has(name);
  const rewind = rewinds && settings && localRewind(rewinds, settings, { clock, has });
  core.stops.add(() => rewind?.shows.close());
  const observe: RequestObserver = (...answer) => metrics.requestDurations.observe(...answer);
  const entrance = listenerEntrance(entranceSettings(core.config), { clock, path, keys });
  const site = listenerSite({
    ...{ origin, preroll, shows, path, index, lowLatency, rewind, clock, onFetch, observe },
    ...{ https: httpsRules(core.config), entrance, streams: streams && { clock, streams } },
  });
  core.stops.add(() => streams?.close());
  serve(core, site.routes, site, {
    ...{ kind: "hls", what: HLS, addr: webAddr },
    secure: { what: HLS_OVER_TLS, addr: core.config.tls.hlsAddr },
  });
  core.stops.add(() => origin.dismiss(), () => streams?.dismiss());
  return undefined;
}

function startThreads(core: Core, output: HlsOutput, metrics: Metrics): HttpThreads {
  const { clock, stops, sockets, health, webLimits, listeners, tokens } = core;
  const entrance = entranceSettings(core.config);
  const { webAddr, webPath: path, webIndex: index, webThreads: count, lowLatency, artworkUrl } =
    core.config.hls;
  const { hls, folder, preroll: { files }, streams, shows, rewinds } = output;
  const rewind = rewindSettings(core, output);
  const threads = new HttpThreads({
    ...{ clock, count, what: HLS, addr: webAddr, streams, shows, rewinds, sockets, listeners },
    settings: {
      ...{ path, index, lowLatency, artworkUrl, rootDir: folder.path, preroll: { files } },
      ...{ rewind, entrance, streams: streams !== undefined },
      https: httpsRules(core.config),
    },
    secure: secureThreads(core),
    keys: entrance.tokens && tokens?.keys,
    distributor: hls.distributor,
    counts: webLimits.addThreads("hls"),
    durations: metrics.requestDurations,
  });
  health.add("listening", () => [...threads.problems, problemIfFull(HLS, threads)]);
  stops.add(() => threads.close());
  return threads;
}

function secureThreads(core: Core): HttpThreadsOptions["secure"] {
  const place = securePlace(core, core.config.tls.hlsAddr);
  if (place === undefined) return undefined;
  return { ...place, what: HLS_OVER_TLS, counts: core.webLimits.addThreads(overTls("hls")) };
}

function httpsRules({ tls: { redirectsPages, strictSeconds, hlsAddr } }: Config): HttpsRules {
  const redirectPort = redirectsPages && hlsAddr !== "off" ? hlsAddr.port : undefined;
  return { redirectPort, strictSeconds };
}

function rewindSettings({ config }: Core, output: HlsOutput): RewindSettings | undefined {
  if (output.rewinds === undefined) return undefined;
  return { path: config.record.rootDir, boundMs: config.hls.rewindMs };
}

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
  const routes = controlRoutes({
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
    onLateTeardown: (name, id) => {
      parts.hls?.endNow(name, id);
      parts.streams?.endNow(name, id);
    },
  });
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
interface Place {
  readonly kind: string;
  readonly what: string;
  readonly addr: ListenAddress;
  /** With TLS, where there is a certificate. */
  readonly secure: { readonly what: string; readonly addr: Address | "off" };
}

type Site = Pick<WebServerOptions, "middleware" | "shared" | "getPath" | "certificate">;

/** Serves `routes`, and over TLS too where there is a certificate. */
function serve(core: Core, routes: Hono, site: Site, { secure, ...place }: Place): void {
  serveAt(core, routes, site, place);
  const found = securePlace(core, secure.addr);
  if (found === undefined) return;
  const { addr, certificate } = found;
  const kind = overTls(place.kind);
  serveAt(core, routes, { ...site, certificate }, { kind, what: secure.what, addr });
}

/** The kind of a server that is there with TLS too. */
function overTls(kind: string): string {
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
  { kind, what, addr }: Omit<Place, "secure">,
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

function problemIfFull(what: string, server: { readonly isFull: boolean }): string | undefined {
  if (!server.isFull) return undefined;
  return `${what} turns connections away: it has all that it may have`;
}

/** What people call what listeners are served by. */
const HLS = "HLS over HTTP";
const HLS_OVER_TLS = "HLS over HTTPS";
