/** The web server of HLS with its pages: in this thread, or in others. */
import type { Config } from "../config.ts";
import { localOrigin } from "../hls/local_origin.ts";
import { localStreams } from "../hls/progressive/local_streams.ts";
import type { HttpsRules } from "../pages/listener/https_rules.ts";
import type { Metrics } from "../stat/metrics/metrics.ts";
import type { RequestObserver } from "../web/request_timing.ts";
import type { Core } from "./core.ts";
import { entranceSettings, listenerEntrance } from "./entrance_settings.ts";
import { listenerSite } from "./listener_web.ts";
import type { HeardOutput } from "./outputs.ts";
import { localRewind, rewindSettings, showsElsewhere } from "./rewind.ts";
import type { FilesElsewhere } from "./threads/elsewhere_questions.ts";
import { HttpThreads, type HttpThreadsOptions } from "./threads/http_threads.ts";
import { securePlace } from "./tls.ts";
import { overTls, problemIfFull, serve } from "./web.ts";

/** What listeners are served by, beside the core and HLS. */
export interface HlsWebParts {
  readonly metrics: Metrics;
  /** What other boxes have; `undefined` where the server is alone. */
  readonly elsewhere: FilesElsewhere | undefined;
}

/**
 * Serves playlists, segments and the listeners' pages.
 * @returns the threads that do so; `undefined` where there are none beside this one
 */
export function serveHls(
  core: Core,
  output: HeardOutput,
  parts: HlsWebParts,
): HttpThreads | undefined {
  const { metrics, elsewhere } = parts;
  const { webEnabled, webAddr, webPath: path, webIndex: index, webThreads, lowLatency } =
    core.config.hls;
  const { keys } = core.tokens ?? {};
  if (!webEnabled) return undefined;
  const { hls, folder, preroll, shows, rewinds } = output;
  if (webThreads > 0) return startThreads(core, output, parts);
  const readFile = (name: string, file: string) => folder.read(name, file);
  const origin = localOrigin(hls.distributor, {
    ...{ clock: core.clock, readFile },
    readElsewhere: elsewhere && ((name, file) => elsewhere.readElsewhere(name, file)),
  });
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
    ...{ origin, preroll, shows, path, index, lowLatency, clock, onFetch, observe },
    rewind: rewind && { ...rewind, elsewhere: showsElsewhere(elsewhere) },
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

function startThreads(
  core: Core,
  output: HeardOutput,
  { metrics, elsewhere }: HlsWebParts,
): HttpThreads {
  const { clock, stops, sockets, health, webLimits, listeners, tokens } = core;
  const entrance = entranceSettings(core.config);
  const { webAddr, webPath: path, webIndex: index, webThreads: count, lowLatency, artworkUrl } =
    core.config.hls;
  const { hls, folder, preroll: { files }, streams, shows, rewinds } = output;
  const rewind = rewindSettings(core, output);
  const threads = new HttpThreads({
    ...{ clock, count, what: HLS, addr: webAddr, streams, shows, rewinds, sockets, listeners },
    elsewhere,
    settings: {
      ...{ path, index, lowLatency, artworkUrl, rootDir: folder.path, preroll: { files } },
      ...{ rewind, entrance, streams: streams !== undefined },
      hasOthers: elsewhere !== undefined,
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

/** What people call what listeners are served by. */
const HLS = "HLS over HTTP";
const HLS_OVER_TLS = "HLS over HTTPS";
