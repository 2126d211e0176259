/** How many connections the HTTP servers may have, so that broadcasts always have descriptors left. */
import { getLogger } from "@logtape/logtape";
import type { Config } from "../config.ts";
import { TrustedProxies } from "../http/addresses.ts";
import { ConnectionLimits } from "../http/connection_limits.ts";
import type { Reload } from "./reload.ts";

const logger = getLogger(["echo"]);

/** What the HTTP servers may have together of all files that the process may have open. */
const PART = 0.5;

/**
 * Makes the limits.
 * @param maxOpenFiles what the process may have open; `undefined` where it is not known
 */
export function connectionLimits(
  { web: { trustedProxies = [], ...values } }: Pick<Config, "web">,
  maxOpenFiles: number | undefined = openFilesLimit(),
): ConnectionLimits {
  const maxTogether = maxOpenFiles === undefined ? Infinity : Math.floor(maxOpenFiles * PART);
  const limits = new ConnectionLimits({
    ...values,
    maxTogether,
    proxies: new TrustedProxies(trustedProxies),
  });
  tellCut(limits);
  return limits;
}

/** Applies the limits that may change. */
export function reloadOf(limits: ConnectionLimits): Reload {
  return ({ web }) => () => {
    limits.values = web;
    tellCut(limits);
  };
}

function tellCut({ values: { maxConnections }, maxTogether }: ConnectionLimits): void {
  if (maxConnections <= maxTogether) return;
  logger.warn(
    "WEB_MAX_CONNECTIONS is {maxConnections}, but all HTTP ports together take {maxTogether}: " +
      "the process may have {files} files open (ulimit -n), and the rest is left for broadcasts",
    { maxConnections, maxTogether, files: maxTogether / PART },
  );
}

/** How many files this process may have open (getrlimit(2)); `undefined` where nothing tells. */
function openFilesLimit(): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const limits = Deno.readTextFileSync("/proc/self/limits");
    const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch (error) {
    // Deno lets nobody read it who may not do everything.
    if (!(error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.NotFound)) {
      throw error;
    }
    logger.warn(
      "HTTP may leave no files to broadcasts, it is not known how many may be open: {why}",
      {
        why: error.message,
      },
    );
    return undefined;
  }
}
