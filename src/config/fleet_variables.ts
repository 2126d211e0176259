/** The part of the configuration's table that makes several boxes one server. */
import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import { address, anyText, where } from "./kinds.ts";
import { redisUrl } from "./redis_url.ts";
import { optional, variable } from "./variable.ts";

const PORT = 5022;
/** Of a box's id where none is given: enough for any fleet, and short in URLs. */
const ID_DIGITS = 8;

/** Environment variables of a fleet. */
export const FLEET_VARIABLES = {
  /** `undefined`: this box is alone, and nothing else of the fleet is used. */
  redis: optional(
    "ECHO_REDIS_URL",
    redisUrl,
    "the Redis by which boxes are one server: any box answers for any name",
  ),
  box: variable(
    "ECHO_BOX",
    where(anyText, "1 to 16 of a-z and 0-9", (text) => /^[a-z0-9]{1,16}$/.test(text)),
    {
      says: "a hash of ECHO_FLEET_ADDR",
      make: (textOf) =>
        createHash("sha256").update(textOf("ECHO_FLEET_ADDR")).digest("hex").slice(0, ID_DIGITS),
    },
    "the name of this box in its fleet, which is part of the URLs of segments",
  ),
  addr: variable(
    "ECHO_FLEET_ADDR",
    where(address, "host:port or [IPv6]:port, not 0", ({ port }) => port > 0),
    {
      says: `port ${PORT} of ECHO_SRT_PRIV_IP`,
      make(textOf) {
        const ip = textOf("ECHO_SRT_PRIV_IP");
        return `${isIPv6(ip) ? `[${ip}]` : ip}:${PORT}`;
      },
    },
    "where the other boxes of the fleet reach this one",
  ),
};
