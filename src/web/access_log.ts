/** The access log of the HTTP servers. */
import { getLogger } from "@logtape/logtape";
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../session/clock.ts";
import { peerAddress } from "./peer_address.ts";

const MAX_AGENT_LENGTH = 256;

/**
 * Logs every request, where the log takes it: client, method, path, status, milliseconds until the
 * answer begins, and what the client says it is. Queries stay out, because there may be keys in
 * them.
 * @param category the log's
 */
export function accessLog(
  category: string,
  clock: Pick<Clock, "monotonic">,
): MiddlewareHandler {
  const logger = getLogger([category]);
  return async (c, next) => {
    if (!logger.isEnabledFor("info")) return await next();
    const startedAt = clock.monotonic();
    await next();
    logger.info('{client} "{method} {path}" {status} {ms} "{agent}"', {
      client: peerAddress(c),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: (clock.monotonic() - startedAt).toFixed(1),
      agent: c.req.header("User-Agent")?.slice(0, MAX_AGENT_LENGTH) ?? "",
    });
  };
}
