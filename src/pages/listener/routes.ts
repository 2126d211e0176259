/**
 * The pages on which broadcasts are heard, and the JSON that keeps them up to date.
 *
 * @module
 */
import uqr from "uqr" with { type: "text" };
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { isValidName } from "../../session/name.ts";
import { anyOrigin, fromInternet } from "../../web/any_origin.ts";
import { Assets, fromBase64, pageHeaders } from "../assets.ts";
import { hlsLibrary } from "../hls_library.ts";
import qrCodeJs from "../qr_code.js" with { type: "text" };
import codecChangesJs from "../codec_changes.js" with { type: "text" };
import timeBreaksJs from "../time_breaks.js" with { type: "text" };
import theme from "../theme.css" with { type: "text" };
import artworkJs from "./artwork.js" with { type: "text" };
import controlsCss from "./controls.css" with { type: "text" };
import dialogJs from "./dialog.js" with { type: "text" };
import dialogsCss from "./dialogs.css" with { type: "text" };
import embedCss from "./embed.css" with { type: "text" };
import engineJs from "./engine.js" with { type: "text" };
import factsJs from "./facts.js" with { type: "text" };
import headStartJs from "./head_start.js" with { type: "text" };
import hlsEngineJs from "./hls_engine.js" with { type: "text" };
import iconPng from "./icon.png.txt" with { type: "text" };
import iconSvg from "./icon.svg" with { type: "text" };
import indexJs from "./index.js" with { type: "text" };
import { indexPage } from "./index_page.ts";
import keysJs from "./keys.js" with { type: "text" };
import listeningJs from "./listening.js" with { type: "text" };
import listsCss from "./lists.css" with { type: "text" };
import lowLatencyTrialJs from "./low_latency_trial.js" with { type: "text" };
import mediaSessionJs from "./media_session.js" with { type: "text" };
import mediaTitlesJs from "./media_titles.js" with { type: "text" };
import meterJs from "./meter.js" with { type: "text" };
import { notFoundPage } from "./not_found.ts";
import othersJs from "./others.js" with { type: "text" };
import playerCss from "./player.css" with { type: "text" };
import { PLAYER_FILES } from "./player_files.ts";
import playerJs from "./player.js" with { type: "text" };
import { playerPage } from "./player_page.ts";
import playedJs from "./played.js" with { type: "text" };
import pollingJs from "./polling.js" with { type: "text" };
import shareJs from "./share.js" with { type: "text" };
import sharePng from "./share.png.txt" with { type: "text" };
import showJs from "./show.js" with { type: "text" };
import showFinderJs from "./show_finder.js" with { type: "text" };
import showRowsJs from "./show_rows.js" with { type: "text" };
import type { ShowsSource } from "./shows.ts";
import sourcesJs from "./sources.js" with { type: "text" };
import stageCss from "./stage.css" with { type: "text" };
import timeBarJs from "./time_bar.js" with { type: "text" };
import titlesJs from "./titles.js" with { type: "text" };
import volumeJs from "./volume.js" with { type: "text" };

/** What keeps a page up to date, beside a broadcast's own files. */
const STATUS_FILE = "status.json";

/** What is served here beside a broadcast's own files. */
export const PAGE_FILES: readonly string[] = [
  STATUS_FILE,
  ...PLAYER_FILES.map(({ file }) => file),
];

export interface ShowRoutesOptions {
  readonly shows: Pick<ShowsSource, "status">;
  readonly assets: Assets;
  /** Where they are mounted, without slashes around it. */
  readonly path: string;
  /** Whether there is a page that shows who is on air. */
  readonly index: boolean;
  /** Whether a token stands before the name in a page's URL, as far as the browser knows. */
  readonly hasTokens?: boolean;
  /**
   * What the endless stream of a broadcast is called, beside its own files, also before it is on air.
   * By default there are no endless streams.
   */
  readonly streamFile?: ((name: string) => string) | undefined;
}

/** A page for each broadcast. To be mounted where broadcasts are to be found. */
export function showRoutes(options: ShowRoutesOptions): Hono {
  const { shows, assets, path, index, hasTokens = false, streamFile } = options;
  // What is open to all is asked for without the token.
  const place = hasTokens ? "../../" : "../";
  const root = place + "../".repeat(path.split("/").length);
  // Who previews or plays a link without its token is not let in, so nothing is told.
  const urlOf = (c: Context, name: string) =>
    hasTokens ? undefined : publicUrl(c, `/${path}/${name}/`);
  const app = new Hono();
  app.route(`/${ASSETS}`, assets.routes);
  app.get("/:name", (c) => {
    const name = c.req.param("name");
    if (!isValidName(name)) return c.notFound();
    c.header("Cache-Control", "max-age=600");
    return c.redirect(`${name}/${new URL(c.req.url).search}`, 301);
  });
  app.get("/:name/", async (c) => {
    const name = c.req.param("name");
    if (!isValidName(name)) return c.notFound();
    const embed = c.req.query("embed") !== undefined;
    const markup = playerPage({
      status: await shows.status(name),
      embed,
      url: urlOf(c, name),
      asset: (file) => `${place}${ASSETS}/${assets.url(file)}`,
      index: index ? root : undefined,
      others: index && !hasTokens ? place : undefined,
      hasPlayers: !hasTokens,
    });
    return c.html(markup, 200, headers(embed ? "*" : "'self'", embed ? {} : ANY_PICTURE));
  });
  for (const { file, type, make } of PLAYER_FILES) {
    app.get(`/:name/${file}`, (c) => {
      const { name } = c.req.param();
      if (!isValidName(name)) return c.notFound();
      const played = streamFile === undefined ? "playlist.m3u8" : streamFile(name);
      // Who has asked for it with a token needs that to play, too.
      const folder = hasTokens ? new URL("./", c.req.url).pathname : `/${path}/${name}/`;
      return c.body(make(name, (publicUrl(c, folder) ?? "") + played), 200, {
        "Cache-Control": LIVE,
        "Content-Disposition": `attachment; filename="${name}${extension(file)}"`,
        "Content-Type": type,
        "Vary": SCHEME,
      });
    });
  }
  app.use(`/:name/${STATUS_FILE}`, ...forAnyPage());
  app.get(`/:name/${STATUS_FILE}`, async (c) => {
    const name = c.req.param("name");
    if (!isValidName(name)) return c.notFound();
    return c.json(await shows.status(name), 200, { "Cache-Control": LIVE });
  });
  return app;
}

export interface IndexRoutesOptions {
  readonly shows: Pick<ShowsSource, "current">;
  /** Served with the broadcasts' pages. */
  readonly assets: Assets;
  /** Where broadcasts are to be found, without slashes around it. */
  readonly path: string;
}

/** The page that shows who is on air. To be mounted at the root. */
export function indexRoutes({ shows, assets, path }: IndexRoutesOptions): Hono {
  const app = new Hono();
  app.get("/", async (c) => {
    const asset = (file: string) => `${path}/${ASSETS}/${assets.url(file)}`;
    return c.html(indexPage({ shows: await shows.current, path, asset }), 200, headers("'self'"));
  });
  app.use("/index.json", ...forAnyPage());
  app.get("/index.json", async (c) => {
    return c.json({ shows: await shows.current }, 200, { "Cache-Control": LIVE });
  });
  return app;
}

/** A page for browsers in the place of each answer that there is nothing. */
export function notFoundRoutes(
  { assets, path, index }: Pick<ShowRoutesOptions, "assets" | "path" | "index">,
): MiddlewareHandler {
  return notFoundPage({ asset: (file) => `${path}/${ASSETS}/${assets.url(file)}`, index });
}

/** What the pages load. */
export function loadAssets(): Assets {
  return new Assets([
    { name: "artwork.js", body: artworkJs },
    { name: "codec_changes.js", body: codecChangesJs },
    { name: "controls.css", body: controlsCss },
    { name: "dialog.js", body: dialogJs },
    { name: "dialogs.css", body: dialogsCss },
    { name: "embed.css", body: embedCss },
    { name: "engine.js", body: engineJs },
    { name: "facts.js", body: factsJs },
    { name: "head_start.js", body: headStartJs },
    hlsLibrary,
    { name: "hls_engine.js", body: hlsEngineJs },
    { name: "icon.png", body: fromBase64(iconPng) },
    { name: "icon.svg", body: iconSvg },
    { name: "index.js", body: indexJs },
    { name: "keys.js", body: keysJs },
    { name: "listening.js", body: listeningJs },
    { name: "lists.css", body: listsCss },
    { name: "low_latency_trial.js", body: lowLatencyTrialJs },
    { name: "media_session.js", body: mediaSessionJs },
    { name: "media_titles.js", body: mediaTitlesJs },
    { name: "meter.js", body: meterJs },
    { name: "others.js", body: othersJs },
    { name: "player.css", body: playerCss },
    { name: "player.js", body: playerJs },
    { name: "played.js", body: playedJs },
    { name: "polling.js", body: pollingJs },
    { name: "qr_code.js", body: qrCodeJs },
    { name: "share.js", body: shareJs },
    { name: "share.png", body: fromBase64(sharePng) },
    { name: "show.js", body: showJs },
    { name: "show_finder.js", body: showFinderJs },
    { name: "show_rows.js", body: showRowsJs },
    { name: "sources.js", body: sourcesJs },
    { name: "stage.css", body: stageCss },
    { name: "theme.css", body: theme },
    { name: "time_bar.js", body: timeBarJs },
    { name: "time_breaks.js", body: timeBreaksJs },
    { name: "titles.js", body: titlesJs },
    { name: "uqr.mjs", body: uqr },
    { name: "volume.js", body: volumeJs },
  ]);
}

/** The folder of the assets, beside the broadcasts. No broadcast can have this name. */
export const ASSETS = "~assets";
/** A CDN may keep pages and JSON for a second, as it may keep playlists. */
const LIVE = "max-age=1";

/** The header in which a proxy with TLS tells the scheme. Pages depend on it, so they `Vary`. */
export const SCHEME = "X-Forwarded-Proto";

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,252})|\[[0-9a-f:]{2,39}\])(?::\d{1,5})?$/i;

/** What may be asked for by pages of other sites. */
function forAnyPage(): MiddlewareHandler[] {
  return [fromInternet, anyOrigin(["GET", "HEAD", "OPTIONS"])];
}

/** Pictures of shows are wherever their DJs say: they are no part of what the page does. */
const ANY_PICTURE = { "img-src": "'self' http: https:" };

/** The headers of the pages. hls.js plays from a `blob:`. */
function headers(
  frameAncestors: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const policy = { "media-src": "'self' blob:", ...more };
  return { ...pageHeaders({ policy, frameAncestors, cacheControl: LIVE }), "Vary": SCHEME };
}

function extension(file: string): string {
  return file.slice(file.lastIndexOf("."));
}

/** The public URL of `path`; `undefined` where the request has no valid Host. */
function publicUrl(c: Context, path: string): string | undefined {
  const host = publicHost(c);
  const { protocol } = new URL(c.req.url);
  const isSecure = isHttps(c.req.header(SCHEME) ?? protocol.replace(":", ""));
  const url = `${isSecure ? "https" : "http"}://${host}${path}`;
  return host !== undefined && URL.canParse(url) ? url : undefined;
}

/**
 * Whether a listener has asked by HTTPS.
 * @param schemes what {@link SCHEME} says: each proxy may have added the scheme of its own request, and
 *   the first is the listener's
 */
export function isHttps(schemes: string): boolean {
  return /^\s*https\s*(?:,|$)/i.test(schemes);
}

/** The host and perhaps the port that was asked for; `undefined` where the request has no valid one. */
export function publicHost(c: Context): string | undefined {
  const host = c.req.header("Host") ?? "";
  return HOST.test(host) ? host : undefined;
}
