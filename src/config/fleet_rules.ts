/** Rules about what makes several boxes one server. */
import type { Config } from "../config.ts";
import { ConfigError } from "./config_error.ts";
import { isEveryAddress, isLoopbackHost } from "./hosts.ts";

/**
 * Checks the variables of the fleet against each other.
 * @param isSet whether the variable of that name was given
 * @returns warnings
 * @throws {ConfigError}
 */
export function checkFleet(
  { fleet: { redis, addr } }: Pick<Config, "fleet">,
  isSet: (name: string) => boolean,
): string[] {
  if (redis === undefined) {
    const vain = ["ECHO_BOX", "ECHO_FLEET_ADDR"].filter(isSet);
    return vain.map((name) => `ECHO_REDIS_URL is unset: ${name} means nothing`);
  }
  if (!isSet("ECHO_PRIV_KEY")) {
    throw new ConfigError(
      "Cannot use ECHO_REDIS_URL: expected ECHO_PRIV_KEY to be set, the same on all boxes, got " +
        "nothing",
    );
  }
  const isElsewhere = redis.hosts.some(({ hostname }) => !isLoopbackHost(hostname));
  if (isElsewhere && (isLoopbackHost(addr.hostname) || isEveryAddress(addr.hostname))) {
    throw new ConfigError(
      "Cannot use ECHO_FLEET_ADDR: expected an address at which other boxes reach this one, since " +
        `the Redis is elsewhere, got "${addr.hostname}"`,
    );
  }
  if (!isLoopbackHost(addr.hostname)) return [];
  return [`ECHO_FLEET_ADDR is ${addr.hostname}: boxes on other machines do not reach this one`];
}
