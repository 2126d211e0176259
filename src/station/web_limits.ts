/** How many connections the HTTP servers may have, so that broadcasts always have descriptors left. */
import { getLogger } from "@logtape/logtape";
import type { Config } from "../config.ts";
import { TrustedProxies } from "../http/addresses.ts";
import { ConnectionLimits } from "../http/connection_limits.ts";
import { Libc } from "./libc.ts";
import type { Reload } from "./reload.ts";

const logger = getLogger(["echo"]);

/**
 * What the HTTP servers may have together of all files that the process may have open: half of them.
 * A connection is one, or two with TLS.
 */
const PART = 0.5;
const PART_WITH_TLS = PART / 2;

/** Kinds of servers that count in one thread. */
const OTHER_SERVERS = 3;
/** So that a thread that takes the place of another one need not wait until that one has gone. */
const PLACES_OF_THREAD = 3;

/**
 * Makes the limits.
 * @param maxOpenFiles what the process may have open; `undefined` where it is not known
 */
export function connectionLimits(
  { web: { trustedProxies = [], ...values }, hls, tls }: Pick<Config, "web" | "hls" | "tls">,
  maxOpenFiles: number | undefined = openFilesLimit(),
): ConnectionLimits {
  const part = tls.certFile === undefined ? PART : PART_WITH_TLS;
  const maxTogether = maxOpenFiles === undefined ? Infinity : Math.floor(maxOpenFiles * part);
  const limits = new ConnectionLimits({
    ...values,
    maxTogether,
    proxies: new TrustedProxies(trustedProxies),
    // Each of them once more with TLS.
    places: 2 * (OTHER_SERVERS + PLACES_OF_THREAD * Math.max(1, hls.webThreads)),
  });
  tellCut(limits, maxOpenFiles);
  return limits;
}

/** Applies the limits that may change. */
export function reloadOf(limits: ConnectionLimits): Reload {
  return ({ web }) => () => {
    limits.values = web;
    tellCut(limits, openFilesLimit());
  };
}

function tellCut(
  { values: { maxConnections }, maxTogether }: ConnectionLimits,
  files: number | undefined,
): void {
  if (files === undefined || maxConnections <= maxTogether) return;
  logger.warn(
    "WEB_MAX_CONNECTIONS is {maxConnections}, but all HTTP ports together take {maxTogether}: " +
      "the process may have {files} files open (ulimit -n), and the rest is left for broadcasts",
    { maxConnections, maxTogether, files },
  );
}

/**
 * How many files this process may have open; `undefined` where nothing tells. Asked of libc, because
 * Deno lets only those read /proc/self/limits who may do everything.
 */
export function openFilesLimit(): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    using libc = new Libc();
    return libc.maxOpenFiles;
  } catch (error) {
    logger.warn("Cannot find out how many files may be open, so HTTP leaves none free: {error}", {
      error: String(error),
    });
    return undefined;
  }
}
