/** The part of the configuration's table that tells how broadcasts are offered over HLS. */
import {
  address,
  boolean,
  clampedSeconds,
  integer,
  oneOf,
  path,
  seconds,
  secondsOrAll,
  token,
  urlPath,
  urlPattern,
} from "./kinds.ts";
import { optional, variable } from "./variable.ts";

/** More than most machines have cores. */
const MAX_WEB_THREADS = 64;

/** Environment variables of HLS. */
export const HLS_VARIABLES = {
  enabled: variable("HLS_ENABLED", boolean, "1", "HLS output"),
  rootDir: variable("HLS_ROOT_DIR", path, "./output/hls", "where segments and playlists go"),
  targetDurationMs: variable(
    "HLS_TARGET_DURATION",
    clampedSeconds({ min: 1, max: 8 }),
    "1",
    "how long a segment is",
  ),
  prerollDir: optional(
    "HLS_PREROLE_DIR",
    path,
    "a folder with live.m3u8 and its segments, played before each broadcast",
  ),
  holdMs: variable(
    "HLS_HOLD",
    seconds({ min: 0 }),
    "30",
    "how long silence keeps a broadcast going once its connection is lost",
  ),
  maxDelayMs: variable(
    "HLS_MAX_DELAY",
    seconds({ min: 0 }),
    "10",
    "how far behind a broadcast may fall by late audio, before some of it is dropped",
  ),
  /** 0: off; `Infinity`: all of it. */
  rewindMs: variable(
    "HLS_REWIND",
    secondsOrAll({ min: 0 }),
    "0",
    "how far back listeners may go in a show that is on air, out of its recording; all: to its " +
      "start. 0: off",
  ),
  webEnabled: variable("HLS_WEB_ENABLED", boolean, "1", "serve HLS over HTTP"),
  webAddr: variable("HLS_WEB_ADDR", address, "0.0.0.0:8080", "where HLS is served"),
  webPath: variable(
    "HLS_WEB_PATH",
    urlPath,
    "cast",
    "the first part of the path that listeners ask for: /cast/NAME/playlist.m3u8",
  ),
  webThreads: variable(
    "HLS_WEB_THREADS",
    integer({ min: 0, max: MAX_WEB_THREADS }),
    { says: "one less than cores, 1 to 4", make: () => `${defaultWebThreads()}` },
    "the threads that serve HLS, beside the one that has the broadcasts. 0: that one serves it",
  ),
  lowLatency: variable("HLS_LOW_LATENCY", boolean, "1", "low latency: /cast/NAME/low.m3u8"),
  streamEnabled: variable(
    "HLS_STREAM_ENABLED",
    boolean,
    "1",
    "endless streams for receivers that know nothing else: /cast/NAME/stream.aac",
  ),
  id3: variable("HLS_ID3", boolean, "0", "1: titles also stand in the segments, as ID3 tags"),
  webIndex: variable("HLS_WEB_INDEX", boolean, "0", "1: / shows who is on air"),
  artworkUrl: optional(
    "ARTWORK_URL",
    urlPattern,
    "where pictures of broadcasts are, with {name} for the name",
  ),
  auth: variable(
    "HLS_AUTH",
    oneOf("open", "jwt"),
    "open",
    "who may listen. open: anybody. jwt: whoever has a token, by /cast/~TOKEN/NAME/ instead of " +
      "/cast/NAME/",
  ),
  originSecret: optional(
    "HLS_ORIGIN_SECRET",
    token,
    "what a CDN has to show in the header X-Echo-Origin, or it is served nothing",
  ),
};

/** One core is left for broadcasts. */
function defaultWebThreads(): number {
  return Math.min(Math.max(navigator.hardwareConcurrency - 1, 1), 4);
}
