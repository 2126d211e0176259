/**
 * What listeners are served: it puts the routes of several rooms together. Each is mounted on a
 * prefix, and none answers for another, so their order does not matter.
 *
 * @module
 */
import { Hono } from "hono";
import { every } from "hono/combine";
import type { Origin, ServedFile, ServedPlaylist } from "../hls/origin.ts";
import { type Preroll, PREROLL_PATH } from "../hls/preroll.ts";
import { forPlayers, hlsRoutes, prerollRoutes, SELECTING_FIELDS } from "../hls/routes.ts";
import type { AnswerObserver, SharedContents } from "../http/prepared_answers.ts";
import { indexRoutes, loadAssets, showRoutes, STATUS_FILE } from "../pages/listener/routes.ts";
import type { Shows } from "../pages/listener/shows.ts";
import type { AccessLog } from "../web/access_log.ts";
import { plainAddress } from "../web/peer_address.ts";
import { listenersKind, type RequestObserver } from "../web/request_timing.ts";

export interface ListenerWebOptions {
  readonly origin: Origin;
  readonly preroll: Preroll;
  readonly shows: Pick<Shows, "status" | "current">;
  /** Where broadcasts are, without slashes around it. */
  readonly path: string;
  /** Whether `/` shows who is on air. */
  readonly index: boolean;
  /** The beginning of a segment of the broadcast `name` was sent. */
  readonly onFetch?: (name: string, file: string) => void;
}

/** All that `HLS_WEB_ADDR` serves: playlists, segments and the listeners' pages. */
export function listenerWeb(options: ListenerWebOptions): Hono {
  const { origin, preroll, shows, path, index, onFetch } = options;
  const assets = loadAssets();
  const app = new Hono();
  app.route(`/${path}`, hlsRoutes({ origin, others: [STATUS_FILE], onFetch }));
  app.route(`/${path}`, showRoutes({ shows, assets, path, index }));
  app.route(PREROLL_PATH, prerollRoutes(preroll.files));
  if (index) app.route("/", indexRoutes({ shows, assets, path }));
  // Players may read also that something is not there.
  app.use(every(...forPlayers()));
  return app;
}

/** Who is told of what {@link listenerWeb} is not asked for. */
export interface SharedObservers extends Pick<ListenerWebOptions, "onFetch"> {
  readonly log: AccessLog;
  readonly observe: RequestObserver;
}

/** What {@link listenerWeb} answers in the same way to everybody: playlists and segments. */
export function sharedWithListeners(
  { origin, path }: Pick<ListenerWebOptions, "path"> & { readonly origin: Pick<Origin, "atHand"> },
  observers: SharedObservers,
): SharedContents {
  const prefix = `/${path}/`;
  return {
    find: (target) => {
      const nameEnd = target.indexOf("/", prefix.length);
      if (nameEnd === -1 || !target.startsWith(prefix)) return undefined;
      return origin.atHand(target.slice(prefix.length, nameEnd), target.slice(nameEnd + 1));
    },
    bodyOf: (contents: ServedPlaylist | ServedFile) =>
      "text" in contents ? contents.text : contents.bytes,
    observerOf: (target) => observerOf(target, prefix, observers),
    selecting: SELECTING_FIELDS,
  };
}

function observerOf(
  target: string,
  prefix: string,
  { log, observe, onFetch }: SharedObservers,
): AnswerObserver {
  const kind = listenersKind(target);
  const [name = "", file = ""] = target.slice(prefix.length).split("/");
  return (client, agent) => {
    // It is there already: an answer takes no time that could be measured.
    observe(kind, 200, 0);
    if (kind === "segment") onFetch?.(name, file);
    if (!log.isTaken) return;
    const [method, status, ms] = ["GET", 200, 0] as const;
    log.tell({ client: plainAddress(client), method, path: target, status, ms, agent });
  };
}
