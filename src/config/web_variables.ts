/** The part of the configuration's table that all HTTP ports share: limits, and proxies before them. */
import { integer, networks } from "./kinds.ts";
import { optional, reloadable, variable } from "./variable.ts";

/** Environment variables of the HTTP ports. */
export const WEB_VARIABLES = {
  maxConnections: reloadable(variable(
    "WEB_MAX_CONNECTIONS",
    integer({ min: 1 }),
    "10000",
    "open connections of each HTTP port; half of all files that the process may have open are " +
      "left for broadcasts, whatever stands here",
  )),
  maxPerAddress: reloadable(variable(
    "WEB_MAX_PER_ADDRESS",
    integer({ min: 1 }),
    "500",
    "those of them that one address may have; an IPv6 network (/64) is one address, and this " +
      "box and trusted proxies have no such limit",
  )),
  trustedProxies: optional(
    "TRUSTED_PROXIES",
    networks,
    "proxies in front of the HTTP ports: of what comes from there, the rightmost address of " +
      "X-Forwarded-For that is none of them counts",
  ),
};
