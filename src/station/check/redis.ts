/** Checks whether the Redis of the fleet is there, and lets this box in. */
import type { Config } from "../../config.ts";
import { connectTo, redisProblem } from "../../fleet/registry/redis_connection.ts";
import { systemClock } from "../../session/clock.ts";
import { error, type Finding } from "./finding.ts";

/** Connects to the Redis as the server does, and leaves nothing in it. */
export async function checkRedis({ fleet: { redis } }: Config): Promise<Finding[]> {
  if (redis === undefined) return [];
  try {
    const options = { clock: systemClock, timeoutMs: GIVE_UP_MS, lost: () => {} };
    (await connectTo(redis, options)).close();
    return [];
  } catch (thrown) {
    return [error(`ECHO_REDIS_URL: Cannot use the Redis of the fleet: ${redisProblem(thrown)}`)];
  }
}

const GIVE_UP_MS = 3000;
