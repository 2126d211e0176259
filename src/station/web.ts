/** The web servers: HLS with its pages, the control API, the statistics. */
import type { MiddlewareHandler } from "hono";
import { Authorizer, loadCredentials } from "../control/authorization.ts";
import { PageOrigins } from "../control/page_origins.ts";
import { controlRoutes } from "../control/routes.ts";
import type { Hls } from "../hls/hls.ts";
import { LocalOrigin } from "../hls/local_origin.ts";
import type { Catalogue } from "../record/catalogue.ts";
import type { SrtServer } from "../srt/server.ts";
import type { Metrics } from "../stat/metrics/metrics.ts";
import { accessLog } from "../web/access_log.ts";
import { requestTiming } from "../web/request_timing.ts";
import { type ListenAddress, WebServer } from "../web/web_server.ts";
import type { Core } from "./core.ts";
import { listen } from "./listen.ts";
import { listenerWeb } from "./listener_web.ts";
import type { Observers } from "./observers.ts";
import type { HlsOutput } from "./outputs.ts";
import { applyNothing, type Reload } from "./reload.ts";
import { StatWeb } from "./stat_web.ts";

/** Serves playlists, segments and the listeners' pages. */
export function serveHls(core: Core, output: HlsOutput, metrics: Metrics): void {
  const { hls: { webEnabled, webAddr, webPath: path, webIndex: index } } = core.config;
  if (!webEnabled) return;
  const { hls, folder, preroll, shows } = output;
  const origin = new LocalOrigin({
    find: (name) => hls.find(name),
    readFile: (name, file) => folder.read(name, file),
  });
  const onFetch = (name: string, file: string) => core.listeners.fetched(name, file);
  const routes = listenerWeb({ origin, preroll, shows, path, index, onFetch });
  const middleware = [accessLog("echo-hls-web", core.clock), timing("hls", core, metrics)];
  const web = new WebServer(webAddr, routes, ["echo", "hls"], middleware);
  serve(core, web, { kind: "hls", what: "HLS over HTTP", addr: webAddr });
}

/** What the control API has to do with beside the core. */
export interface ControlParts {
  readonly metrics: Metrics;
  /** `undefined` where there is no SRT. */
  readonly srt: SrtServer | undefined;
  /** `undefined` where there is no HLS. */
  readonly hls: Hls | undefined;
}

/**
 * Serves the control API.
 * @returns what applies the credentials that it checks, and which pages may call it
 */
export async function serveControl(core: Core, parts: ControlParts): Promise<Reload> {
  const { clock, stops, keys, sessions, hooks } = core;
  const { auth, control, rtmp, srt } = core.config;
  if (!control.enabled) return applyNothing;
  const authorizer = new Authorizer({
    mode: auth.mode,
    credentials: await loadCredentials(auth),
    authority: hooks.authority,
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
    address: { ip: control.publicIp, controlPort: control.addr.port, rtmpPort: rtmp.addr.port },
    privateIp: control.privateIp,
    cookieKey: control.cookieKey,
    dryRunPort: srt.minPort,
    onLateTeardown: (name, id) => parts.hls?.endNow(name, id),
  });
  const middleware = [timing("control", core, parts.metrics)];
  const web = new WebServer(control.addr, routes, ["echo", "control"], middleware);
  serve(core, web, { kind: "control", what: "control API", addr: control.addr });
  return async ({ auth, control }) => {
    const credentials = await loadCredentials(auth);
    return () => {
      authorizer.replace(credentials);
      origins.replace(control.origins ?? []);
    };
  };
}

/**
 * Serves statistics, metrics, recordings and the dashboard.
 * @param catalogue `undefined` where nothing is recorded
 * @returns what applies the token that opens them
 */
export function serveStatistics(
  core: Core,
  { statistics, metrics }: Observers,
  catalogue: Catalogue | undefined,
): Reload {
  const { config, clock, stops, events, sessions, health, listeners } = core;
  const { stat } = config;
  if (!stat.webEnabled) return applyNothing;
  const parts = new StatWeb(config, {
    ...{ clock, events, sessions, statistics, metrics, listeners, health, catalogue },
  });
  stops.add(() => parts.close());
  const middleware = [accessLog("echo-stat-web", clock), timing("stat", core, metrics)];
  const web = new WebServer(stat.webAddr, parts.routes, ["echo", "stat"], middleware);
  serve(core, web, { kind: "stat", what: "statistics", addr: stat.webAddr });
  // Streams have no end of their own: who watches is let go first.
  stops.add(() => parts.close());
  return parts.reload;
}

function timing(
  server: "hls" | "control" | "stat",
  { clock }: Core,
  metrics: Metrics,
): MiddlewareHandler {
  return requestTiming(server, clock, (...answer) => metrics.requestAnswered(...answer));
}

/** What a web server is called, and where it listens. */
interface Place {
  readonly kind: string;
  readonly what: string;
  readonly addr: ListenAddress;
}

function serve({ stops, sockets }: Core, web: WebServer, { kind, what, addr }: Place): void {
  const socket = listen(sockets, addr, {
    ...{ kind, what },
    open: (onEnd) => web.listen(onEnd),
    letGo: () => web.letGo(),
  });
  stops.add(() => web.close(), () => socket.close());
}
