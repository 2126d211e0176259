/**
 * What listeners are served: it puts the routes of several rooms together. Each is mounted on a
 * prefix, and none answers for another, so their order does not matter.
 *
 * @module
 */
import { Hono } from "hono";
import { every } from "hono/combine";
import { encodedFor } from "../hls/gzipped.ts";
import { countsAsFetch, isLowFile, LOW_MEDIA_FILE } from "../hls/low_latency/low_names.ts";
import {
  contentsFor,
  isHearing,
  isToCome,
  type LowRequest,
  lowRequest,
  untilThere,
} from "../hls/low_latency/low_waits.ts";
import type { Origin, ServedFile, ServedPlaylist } from "../hls/origin.ts";
import type { Preroll } from "../hls/preroll.ts";
import { ANY_STREAM_FILE, STREAM_FILES } from "../hls/progressive/stream_form.ts";
import { streamRoutes, type StreamRoutesOptions } from "../hls/progressive/stream_routes.ts";
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
import { type HttpsRules, tellOfHttps } from "../pages/listener/https_rules.ts";
import {
  indexRoutes,
  loadAssets,
  notFoundRoutes,
  PAGE_FILES,
  showRoutes,
} from "../pages/listener/routes.ts";
import type { ShowsSource } from "../pages/listener/shows.ts";
import { rewindRoutes, type RewindRoutesOptions, SHOW_FILE } from "../record/rewind/routes.ts";
import type { Clock } from "../session/clock.ts";
import { type ListenerEntrance, ORIGIN_FIELD } from "../tokens/listener_entrance.ts";
import { AccessLog, accessLog } from "../web/access_log.ts";
import { ifOnes, plainAddress } from "../web/peer_address.ts";
import { listenersKind, type RequestObserver, requestTiming } from "../web/request_timing.ts";
import type { WebServerOptions } from "../web/web_server.ts";
import { ACCESS_LOG } from "./threads/messages.ts";

export interface ListenerWebOptions {
  readonly origin: Origin;
  readonly preroll: Pick<Preroll, "files">;
  readonly shows: ShowsSource;
  /** Where broadcasts are, without slashes around it. */
  readonly path: string;
  /** Whether `/` shows who is on air. */
  readonly index: boolean;
  /** Where shows are rewound; nowhere by default. */
  readonly rewind?: Pick<RewindRoutesOptions, "shows" | "files" | "elsewhere"> | undefined;
  /** Whether broadcasts may be had in low latency. Default true. */
  readonly lowLatency?: boolean;
  /** Endless streams; there are none by default. */
  readonly streams?: StreamRoutesOptions | undefined;
  /** The beginning of a segment of the broadcast `name` was sent, or of its show from the start. */
  readonly onFetch?: (name: string, file: string) => void;
  /** Who is let in; everybody where there is none. */
  readonly entrance?: ListenerEntrance | undefined;
}

/** All that `HLS_WEB_ADDR` serves: playlists, segments and the listeners' pages. */
export function listenerWeb(options: ListenerWebOptions): Hono {
  const {
    origin,
    preroll,
    shows,
    path,
    index,
    lowLatency = true,
    rewind,
    onFetch,
    entrance,
    streams,
  } = options;
  const hasTokens = entrance?.asksForTokens ?? false;
  const assets = loadAssets();
  const app = new Hono();
  const others = [
    ...PAGE_FILES,
    ...rewind === undefined ? [] : [SHOW_FILE],
    ...streams === undefined ? [] : STREAM_FILES,
  ];
  app.use(notFoundRoutes({ assets, path, index }));
  app.route(`/${path}`, hlsRoutes({ origin, lowLatency, others, onFetch }));
  if (rewind !== undefined) {
    app.route(`/${path}`, rewindRoutes({ ...rewind, onFetch, forPlayers: forPlayers() }));
  }
  if (streams !== undefined) app.route(`/${path}`, streamRoutes(streams));
  const streamFile = streams &&
    ((name: string) => streams.streams.fileOf(name) ?? ANY_STREAM_FILE);
  app.route(`/${path}`, showRoutes({ shows, assets, path, index, hasTokens, streamFile }));
  app.route(PREROLL_PATH, prerollRoutes(preroll.files));
  if (hasTokens) app.route(`/${path}/${PREROLL_NAME}`, prerollRoutes(preroll.files));
  if (index) app.route("/", indexRoutes({ shows, assets, path }));
  // Players may read also that something is not there.
  app.use(every(...forPlayers()));
  return app;
}

export interface ListenerSiteOptions extends ListenerWebOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** What browsers are told of HTTPS; nothing by default. */
  readonly https?: HttpsRules | undefined;
  /** Takes how each request was answered. */
  readonly observe: RequestObserver;
}

/** What a server for listeners is made of, in whatever thread it is. */
export interface ListenerSite extends Pick<WebServerOptions, "middleware" | "shared" | "getPath"> {
  readonly routes: Hono;
}

/** All of what `HLS_WEB_ADDR` serves, and what goes with it. */
export function listenerSite(options: ListenerSiteOptions): ListenerSite {
  const { clock, observe, path, https, entrance } = options;
  const log = new AccessLog(ACCESS_LOG);
  return {
    routes: listenerWeb(options),
    middleware: [
      accessLog(log, clock),
      requestTiming("hls", clock, observe),
      ...(https === undefined ? [] : tellOfHttps(path, https)),
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
    find: (asked, encodings) => {
      const target = entrance === undefined ? asked : entrance.passed(asked);
      if (target === undefined) return undefined;
      const { name, file, query } = fileAsked(target, prefix) ?? NO_FILE;
      const isReload = file === LOW_MEDIA_FILE;
      if (query !== "" && !isReload) return undefined;
      const found = origin.atHand(name, file);
      if (found === undefined || !("text" in found)) return found;
      const playlist = isReload ? contentsFor(lowRequest(name, file, query), found) : found;
      return playlist && encodedFor(playlist, encodings);
    },
    coming: (asked, { client, signal }) => {
      const target = entrance === undefined ? asked : entrance.passed(asked);
      const coming = target === undefined ? undefined : whatIsToCome(options, target);
      if (coming === undefined) return undefined;
      return untilThere(origin, coming.request, coming.playlist, { client, signal: signal() });
    },
    bodyOf: (contents: ServedPlaylist | ServedFile) =>
      "text" in contents ? contents.text : contents.bytes,
    observerOf: (asked) => {
      const target = entrance === undefined ? asked : entrance.withoutToken(asked);
      const { name, file, query } = fileAsked(target, prefix) ?? NO_FILE;
      const path = target.slice(0, target.length - query.length);
      const kind = listenersKind(path);
      const isFetch = kind === "segment" && countsAsFetch(file);
      const isHeard = isLowFile(file) && isHearing(lowRequest(name, file, query));
      const answered = { method: "GET", path, status: 200, ms: 0 };
      return (client, agent) => {
        // It is at hand: the answer takes no time that could be measured.
        if (query === "") observe(kind, 200, 0);
        if (isFetch) onFetch?.(name, file);
        if (isHeard) origin.hear(name, () => ifOnes(plainAddress(client)));
        if (log.isTaken) log.tell({ ...answered, client: plainAddress(client), agent });
      };
    },
    admits: (head) => entrance?.admits(fieldText(head, ORIGIN_FIELD)) ?? true,
    selecting: SELECTING_FIELDS,
  };
}

/** A request for what comes next, and the newest playlist, which does not have it yet. */
interface ToCome {
  readonly request: LowRequest;
  readonly playlist: ServedPlaylist;
}

/** @returns `undefined` where `target` is there, or will not be */
function whatIsToCome(
  { origin, path, lowLatency = true }: ListenerSiteOptions,
  target: string,
): ToCome | undefined {
  const { name, file, query } = fileAsked(target, `/${path}/`) ?? NO_FILE;
  const playlist = lowLatency && isLowFile(file) && origin.atHand(name, LOW_MEDIA_FILE);
  if (!playlist || !("text" in playlist)) return undefined;
  const request = lowRequest(name, file, query);
  return isToCome(request, playlist) ? { request, playlist } : undefined;
}

/** A file of a broadcast that a request is for. */
interface FileAsked {
  readonly name: string;
  readonly file: string;
  /** With its question mark; empty where there is none. */
  readonly query: string;
}

/** @returns `undefined` where `target` is not below `prefix`, or no file of a broadcast */
function fileAsked(target: string, prefix: string): FileAsked | undefined {
  const nameEnd = target.indexOf("/", prefix.length);
  if (nameEnd === -1 || !target.startsWith(prefix)) return undefined;
  const queryAt = target.indexOf("?", nameEnd);
  const end = queryAt === -1 ? target.length : queryAt;
  const name = target.slice(prefix.length, nameEnd);
  return { name, file: target.slice(nameEnd + 1, end), query: target.slice(end) };
}

const NO_FILE: FileAsked = { name: "", file: "", query: "" };
