/** The three HTTP servers without sockets, each with something to serve. */
import type { Hono } from "hono";
import { loadConfig } from "../../src/config/load.ts";
import { LimiterFull } from "../../src/disk/limiter.ts";
import { DjAuthority } from "../../src/dj/dj_authority.ts";
import { Listeners } from "../../src/hls/listeners.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import { Catalogue } from "../../src/record/catalogue.ts";
import { Health } from "../../src/stat/health.ts";
import { History } from "../../src/stat/live/history.ts";
import { listenerWeb } from "../../src/station/listener_web.ts";
import { StatWeb } from "../../src/station/stat_web.ts";
import { withServerHeader } from "../../src/web/web_server.ts";
import { type ApiOptions, cookieOf, publishBody, setUpApi } from "../control/control_api.ts";
import { originOf, servedStream } from "../hls/served_stream.ts";
import { OFF_AIR } from "../pages/listener/broadcasts.ts";
import { Archive } from "../record/archive.ts";
import { House } from "../stat/house.ts";
import { withMetrics } from "../stat/metrics_samples.ts";

const SEGMENT = "5-1700000000.ts";
const BYTES = new Uint8Array(376).map((_, i) => i);
const MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nplaylist.m3u8\n";

/**
 * What listeners are served, with pages: `demo` is on air with the segment `5-1700000000.ts`,
 * `broken` has a bug, the disk is too slow for `9-1700000000.ts`, and there is the preroll
 * `jingle.aac`.
 */
export function listenersServer(): Hono {
  const demo = servedStream({
    playlist: { text: new TextEncoder().encode("#EXTM3U\n"), etag: '"5-1"' },
    masterPlaylist: MASTER,
    files: [SEGMENT],
    segment: (file: string) => file === SEGMENT ? BYTES : undefined,
  });
  const broken = () => {
    throw new Error("a bug");
  };
  const readFile = (_: string, file: string) =>
    file === "9-1700000000.ts" ? Promise.reject(new LimiterFull(4000)) : Promise.resolve(undefined);
  const origin = originOf({ demo: () => demo, broken }, readFile);
  const preroll = {
    files: new Map([["jingle.aac", { bytes: BYTES, type: "audio/aac", etag: '"jingle"' }]]),
  };
  const shows = { status: (name: string) => ({ ...OFF_AIR, name }), current: [] };
  const routes = listenerWeb({ origin, preroll, shows, path: "cast", index: true });
  return withServerHeader(routes, ["echo", "hls"]);
}

/** The control API, and the cookie of a session that it has. */
export async function controlServer(
  options: ApiOptions = {},
): Promise<{ app: Hono; cookie: string }> {
  const app = withServerHeader(setUpApi(options).app, ["echo", "control"]);
  const answer = await app.request("/echo/4/publish/demo", {
    method: "POST",
    body: JSON.stringify(publishBody()),
  });
  return { app, cookie: cookieOf(answer) };
}

/** Statistics, dashboard and an archive with `demo.mp4`, while `test` asks them with `token`. */
export async function withStatServer(
  test: (app: Hono, token: string) => Promise<void>,
): Promise<void> {
  const token = "token-of-the-operator";
  const { config } = loadConfig({ STAT_TOKEN: token });
  await using archive = await Archive.open();
  await archive.record("demo", 1);
  using house = new House();
  const { clock, events, sessions, statistics } = house;
  const listeners = new Listeners(1000, () => clock.monotonic());
  const catalogue = new Catalogue(archive.folder, archive.recorder);
  await withMetrics({ house }, async (metrics) => {
    const health = new Health();
    const keys = new KeyStore(clock, 0);
    const djs = new DjAuthority({ clock });
    const reporter = { report: () => Promise.resolve([]) };
    const parts = { clock, events, sessions, statistics, metrics, listeners, health, catalogue };
    const stat = new StatWeb(config, { ...parts, keys, djs, reporter, history: new History() });
    try {
      await test(withServerHeader(stat.routes, ["echo", "stat"]), token);
    } finally {
      stat.close();
    }
  });
}
