/**
 * What listeners are served: it puts the routes of several rooms together. Each is mounted on a
 * prefix, and none answers for another, so their order does not matter.
 *
 * @module
 */
import { Hono } from "hono";
import { every } from "hono/combine";
import type { Origin } from "../hls/origin.ts";
import type { Preroll } from "../hls/preroll.ts";
import { forPlayers, hlsRoutes, PREROLL_PATH, prerollRoutes } from "../hls/routes.ts";
import { indexRoutes, loadAssets, showRoutes, STATUS_FILE } from "../pages/listener/routes.ts";
import type { ShowsSource } from "../pages/listener/shows.ts";

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
