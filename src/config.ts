/** The configuration: one table of all environment variables, from which all else derives. */
import { randomBytes } from "node:crypto";
import { AUTH_VARIABLES } from "./config/auth_variables.ts";
import { DEAD_AIR_VARIABLES } from "./config/dead_air_variables.ts";
import { FALLBACK_VARIABLES } from "./config/fallback_variables.ts";
import { FLEET_VARIABLES } from "./config/fleet_variables.ts";
import { HLS_VARIABLES } from "./config/hls_variables.ts";
import {
  address,
  boolean,
  integer,
  ipAddress,
  origins,
  passphrase,
  path,
  seconds,
  token,
  where,
} from "./config/kinds.ts";
import { HOOK_VARIABLES } from "./config/hook_variables.ts";
import { ICECAST_VARIABLES } from "./config/icecast_variables.ts";
import { STORAGE_VARIABLES } from "./config/storage_variables.ts";
import { TLS_VARIABLES } from "./config/tls_variables.ts";
import { TOKEN_VARIABLES } from "./config/token_variables.ts";
import { optional, reloadable, type ValueOf, type Variable, variable } from "./config/variable.ts";
import { WEB_VARIABLES } from "./config/web_variables.ts";

/** The key that the first Echo's example file published begins so: everybody knows it. */
const PUBLISHED_KEY_START = "0759230f";

const TEN_YEARS_S = 315_360_000;

/**
 * Every environment variable, by the part of the server that it is for. The {@link Config} type,
 * parsing, limits, `-h`, `-v` and echo.env.example all derive from this table.
 */
export const VARIABLES = {
  log: {
    file: optional("LOG4RS_FILE", path, "a file that says what is logged where; reread on SIGHUP"),
  },
  auth: AUTH_VARIABLES,
  tokens: TOKEN_VARIABLES,
  session: {
    maxSessions: reloadable(variable(
      "ECHO_MAX_SESSIONS",
      integer({ min: 1 }),
      "2000",
      "the most sessions at a time; further ones are refused",
    )),
    drainTimeoutMs: reloadable(variable(
      "DRAIN_TIMEOUT",
      seconds({ min: 0 }),
      "0",
      "how long live broadcasts may go on after SIGTERM",
    )),
  },
  control: {
    /** SRT ingest too. */
    enabled: variable("ECHO_ENABLED", boolean, "1", "SRT ingest and the control API"),
    addr: variable("ECHO_ADDR", address, "0.0.0.0:5021", "where the control API listens"),
    cookieKey: variable(
      "ECHO_PRIV_KEY",
      where(
        passphrase({ min: 32, max: 32 }),
        "exactly 32 characters, not the key that the first Echo published",
        (key) => !key.startsWith(PUBLISHED_KEY_START),
      ),
      { says: "random", make: () => randomBytes(16).toString("hex") },
      "the key that signs the session cookie; the same on all boxes behind a load balancer",
    ),
    privateIp: variable(
      "ECHO_SRT_PRIV_IP",
      ipAddress,
      "127.0.0.1",
      "this box's address, as the cookie and other boxes have it",
    ),
    publicIp: variable(
      "ECHO_SRT_PUB_IP",
      ipAddress,
      { says: "ECHO_SRT_PRIV_IP", make: (textOf) => textOf("ECHO_SRT_PRIV_IP") },
      "the address that clients are told",
    ),
    origins: reloadable(optional(
      "ECHO_ORIGINS",
      origins,
      "the sites whose pages may call the control API where no Authorization is checked",
    )),
  },
  srt: {
    addr: variable(
      "ECHO_SRT_ADDR",
      address,
      "0.0.0.0:9000",
      "where the shared listener listens; the stream id names the broadcast",
    ),
    passphrase: optional(
      "ECHO_SRT_PASSPHRASE",
      passphrase({ min: 10, max: 79 }),
      "the passphrase that encrypts what is sent to the shared listener",
    ),
    minPort: variable(
      "ECHO_SRT_MIN_PORT",
      integer({ min: 6970, max: 49_150 }),
      "30000",
      "the first port for listeners that serve one session each",
    ),
    maxPort: variable(
      "ECHO_SRT_MAX_PORT",
      integer({ min: 6970, max: 49_150 }),
      "49150",
      "the last port for such listeners; it is above the first",
    ),
    connectionTimeoutMs: variable(
      "ECHO_SRT_CONNECTION_TIMEOUT",
      seconds({ min: 10 }),
      "1800",
      "how long a session waits for its first connection, and for another where SRT lost one",
    ),
    readTimeoutMs: variable(
      "ECHO_SRT_READ_TIMEOUT",
      seconds({ min: 8 }),
      "10",
      "an SRT connection that sends nothing, or no audio, for this long is closed",
    ),
    latencyMs: variable(
      "ECHO_SRT_LATENCY",
      seconds({ min: 0, max: 60 }),
      "0.05",
      "latency of the SRT receiver",
    ),
    maxWaiting: reloadable(variable(
      "ECHO_SRT_MAX_WAITING",
      integer({ min: 1 }),
      "200",
      "the most sessions that wait for a connection; beyond that the control API answers 503",
    )),
    library: optional("ECHO_LIBSRT", path, "the file of libsrt to load, instead of the system's"),
  },
  rtmp: {
    enabled: variable("RTMP_ENABLED", boolean, "1", "RTMP ingest"),
    addr: variable("RTMP_ADDR", address, "0.0.0.0:1935", "where RTMP listens"),
    connectionTimeoutMs: variable(
      "RTMP_CONNECTION_TIMEOUT",
      seconds({ min: 1 }),
      "10",
      "an RTMP connection that sends nothing, or no audio, for this long is closed",
    ),
    maxConnections: reloadable(variable(
      "RTMP_MAX_CONNECTIONS",
      integer({ min: 1 }),
      "4000",
      "the most RTMP connections at a time; where more come, those that do not publish give way",
    )),
  },
  icecast: ICECAST_VARIABLES,
  deadAir: DEAD_AIR_VARIABLES,
  hls: HLS_VARIABLES,
  fallback: FALLBACK_VARIABLES,
  record: {
    enabled: variable("RECORD_ENABLED", boolean, "1", "record every broadcast as MP4"),
    rootDir: variable("RECORD_ROOT_DIR", path, "./output/record", "where recordings go"),
    append: variable(
      "RECORD_APPEND",
      boolean,
      "0",
      "1: a later session of a name continues its recording",
    ),
    /** 0: off. */
    maxAgeMs: reloadable(variable(
      "RECORD_MAX_AGE",
      seconds({ min: 0, max: TEN_YEARS_S }),
      "0",
      "finished recordings that are older than this are deleted. 0: off",
    )),
    /** 0: off. */
    maxBytes: reloadable(variable(
      "RECORD_MAX_BYTES",
      integer({ min: 0 }),
      "0",
      "the oldest finished recordings are deleted while all together have more bytes. 0: off",
    )),
  },
  storage: STORAGE_VARIABLES,
  stat: {
    enabled: variable("STAT_ENABLED", boolean, "1", "log events and counts of sessions"),
    webEnabled: variable(
      "STAT_WEB_ENABLED",
      boolean,
      "1",
      "serve health checks, statistics, metrics and the dashboard over HTTP",
    ),
    webAddr: variable("STAT_WEB_ADDR", address, "0.0.0.0:8088", "where these are served"),
    token: reloadable(optional(
      "STAT_TOKEN",
      token,
      "the token for dashboard, events and recordings; where it is unset, only this box gets them",
    )),
    reportDir: variable(
      "STAT_REPORT_DIR",
      path,
      "./output/reports",
      "where it is kept for 400 days what shows played, and how long they were listened to",
    ),
  },
  web: WEB_VARIABLES,
  tls: TLS_VARIABLES,
  hook: HOOK_VARIABLES,
  fleet: FLEET_VARIABLES,
};

/** The whole configuration, by part. Durations are milliseconds; what may be unset is optional. */
export type Config = {
  readonly [S in keyof typeof VARIABLES]: {
    readonly [F in keyof (typeof VARIABLES)[S]]: ValueOf<(typeof VARIABLES)[S][F]>;
  };
};

/** One row of the table and where its value stands in {@link Config}. */
export interface Row {
  readonly section: keyof Config;
  readonly field: string;
  readonly variable: Variable<unknown>;
}

/** The table row by row. */
export const ROWS: readonly Row[] = Object.entries(VARIABLES).flatMap(([section, fields]) =>
  Object.entries(fields).map(([field, variable]) => ({
    section: section as keyof Config,
    field,
    // Sound: a row's kind is only ever given the text or the value of that same row.
    variable: variable as Variable<unknown>,
  }))
);
