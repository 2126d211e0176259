/**
 * What listeners are served: it puts the routes of several rooms together. Each is mounted on a
 * prefix, and none answers for another, so their order does not matter.
 *
 * @module
 */
import { Hono } from "hono";
import { every } from "hono/combine";
import type { Origin, ServedFile, ServedPlaylist } from "../hls/origin.ts";
import type { Preroll } from "../hls/preroll.ts";
import {
  forPlayers,
  hlsRoutes,
  PREROLL_NAME,
  PREROLL_PATH,
  prerollRoutes,
  SELECTING_FIELDS,
} from "../hls/routes.ts";
import type { SharedContents } from "../http/prepared_answers.ts";
import { fieldText } from "../http/request_head.ts";
import { indexRoutes, loadAssets, showRoutes, STATUS_FILE } from "../pages/listener/routes.ts";
import type { ShowsSource } from "../pages/listener/shows.ts";
import type { Clock } from "../session/clock.ts";
import { type ListenerEntrance, ORIGIN_FIELD } from "../tokens/listener_entrance.ts";
import { AccessLog, accessLog } from "../web/access_log.ts";
import { plainAddress } from "../web/peer_address.ts";
import { listenersKind, type RequestObserver, requestTiming } from "../web/request_timing.ts";
import type { WebServerOptions } from "../web/web_server.ts";
import { ACCESS_LOG } from "./threads/messages.ts";

export interface ListenerWebOptions {
  readonly origin: Origin;
  readonly preroll: Preroll;
  readonly shows: ShowsSource;
  /** Where broadcasts are, without slashes around it. */
  readonly path: string;
  /** Whether `/` shows who is on air. */
  readonly index: boolean;
  /** The beginning of a segment of the broadcast `name` was sent. */
  readonly onFetch?: (name: string, file: string) => void;
  /** Who is let in; everybody where there is none. */
  readonly entrance?: ListenerEntrance | undefined;
}

/** All that `HLS_WEB_ADDR` serves: playlists, segments and the listeners' pages. */
export function listenerWeb(options: ListenerWebOptions): Hono {
  const { origin, preroll, shows, path, index, onFetch, entrance } = options;
  const hasTokens = entrance?.asksForTokens ?? false;
  const assets = loadAssets();
  const app = new Hono();
  app.route(`/${path}`, hlsRoutes({ origin, others: [STATUS_FILE], onFetch }));
  app.route(`/${path}`, showRoutes({ shows, assets, path, index, hasTokens }));
  app.route(PREROLL_PATH, prerollRoutes(preroll.files));
  if (hasTokens) app.route(`/${path}/${PREROLL_NAME}`, prerollRoutes(preroll.files));
  if (index) app.route("/", indexRoutes({ shows, assets, path }));
  // Players may read also that something is not there.
  app.use(every(...forPlayers()));
  return app;
}

export interface ListenerSiteOptions extends ListenerWebOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** Takes how each request was answered. */
  readonly observe: RequestObserver;
}

/** What a server for listeners is made of, in whatever thread it is. */
export interface ListenerSite extends Pick<WebServerOptions, "middleware" | "shared" | "getPath"> {
  readonly routes: Hono;
}

/** All of what `HLS_WEB_ADDR` serves, and what goes with it. */
export function listenerSite(options: ListenerSiteOptions): ListenerSite {
  const { clock, observe, entrance } = options;
  const log = new AccessLog(ACCESS_LOG);
  return {
    routes: listenerWeb(options),
    middleware: [
      accessLog(log, clock),
      requestTiming("hls", clock, observe),
      ...(entrance === undefined ? [] : [entrance.guard]),
    ],
    getPath: entrance?.getPath,
    shared: sharedWithListeners(options, log),
  };
}

/** What {@link listenerWeb} answers in the same way to everybody: playlists and segments. */
function sharedWithListeners(options: ListenerSiteOptions, log: AccessLog): SharedContents {
  const { origin, path, observe, onFetch, entrance } = options;
  const prefix = `/${path}/`;
  return {
    find: (asked) => {
      const target = entrance === undefined ? asked : entrance.passed(asked);
      if (target === undefined) return undefined;
      const nameEnd = target.indexOf("/", prefix.length);
      if (nameEnd === -1 || !target.startsWith(prefix)) return undefined;
      return origin.atHand(target.slice(prefix.length, nameEnd), target.slice(nameEnd + 1));
    },
    bodyOf: (contents: ServedPlaylist | ServedFile) =>
      "text" in contents ? contents.text : contents.bytes,
    observerOf: (asked) => {
      const target = entrance === undefined ? asked : entrance.withoutToken(asked);
      const kind = listenersKind(target);
      const [name = "", file = ""] = target.slice(prefix.length).split("/");
      const answered = { method: "GET", path: target, status: 200, ms: 0 };
      return (client, agent) => {
        // It is at hand: the answer takes no time that could be measured.
        observe(kind, 200, 0);
        if (kind === "segment") onFetch?.(name, file);
        if (log.isTaken) log.tell({ ...answered, client: plainAddress(client), agent });
      };
    },
    admits: (head) => entrance?.admits(fieldText(head, ORIGIN_FIELD)) ?? true,
    selecting: SELECTING_FIELDS,
  };
}
