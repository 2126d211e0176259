/** The listeners' pages without sockets. */
import { Hono } from "hono";
import {
  indexRoutes,
  loadAssets,
  notFoundRoutes,
  showRoutes,
} from "../../../src/pages/listener/routes.ts";
import type { ShowStatus } from "../../../src/pages/listener/shows.ts";
import { withServerHeader } from "../../../src/web/web_server.ts";
import { OFF_AIR } from "./broadcasts.ts";

/** A show as its page tells it. */
export const ON_AIR: ShowStatus = {
  ...OFF_AIR,
  name: "demo",
  state: "on-air",
  started_at: "2026-11-23T19:00:00.000Z",
  listeners: 12,
  title: "Night shift",
  artist: "DJ Aurora",
};

/** The pages, with the show `demo`, and a file of a broadcast behind them. */
export function pagesOf(
  show: Partial<ShowStatus> = {},
  { path = "cast", index = false, hasTokens = false, hasStreams = true }: {
    path?: string;
    index?: boolean;
    hasTokens?: boolean;
    /** Whether shows on air have an endless stream. */
    hasStreams?: boolean;
  } = {},
): Hono {
  const demo = { ...ON_AIR, ...show };
  const shows = {
    status: (name: string) => name === "demo" ? demo : { ...OFF_AIR, name },
    current: [demo],
  };
  const streamFile = hasStreams
    ? (name: string) => name === "demo" ? "stream.aac" : "stream"
    : undefined;
  const assets = loadAssets();
  const pages = new Hono();
  pages.use(notFoundRoutes({ assets, path, index }));
  pages.route(`/${path}`, showRoutes({ shows, assets, path, index, hasTokens, streamFile }));
  if (index) pages.route("/", indexRoutes({ shows, assets, path }));
  // What comes behind: playlists.
  pages.get("/cast/:name/:file", (c) => c.text("file"));
  const withoutToken = (request: Request) => new URL(request.url).pathname.replace("/~TOKEN", "");
  return withServerHeader(pages, ["echo", "hls"], [], hasTokens ? withoutToken : undefined);
}

/** A page, or what there is in its place. */
export async function page(
  path: string,
  from: Hono = pagesOf(),
  headers: Record<string, string> = {},
): Promise<{ response: Response; text: string }> {
  const response = await from.request(path, { headers });
  return { response, text: await response.text() };
}
