/** The access log of the HTTP servers. */
import { getLogger, type Logger } from "@logtape/logtape";
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../session/clock.ts";
import { maskedPath } from "./masked_path.ts";
import { peerAddress } from "./peer_address.ts";

const MAX_AGENT_LENGTH = 256;

/** What is told of a request. */
export interface AccessEntry {
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Milliseconds until the answer began. */
  readonly ms: number;
  /** What the client says it is. */
  readonly agent: string;
}

/**
 * A log of every request, where it is to be had: client, method, path, status, milliseconds until
 * the answer begins, and what the client says it is. Queries stay out, because there may be keys in
 * them. What is in quotes cannot end them: it is escaped as Apache's and nginx's logs have it.
 */
export class AccessLog {
  readonly #logger: Logger;

  /** @param category the log's */
  constructor(category: string) {
    this.#logger = getLogger([category]);
  }

  /** Whether anybody takes it. */
  get isTaken(): boolean {
    return this.#logger.isEnabledFor("info");
  }

  tell({ client, method, path, status, ms, agent }: AccessEntry): void {
    this.#logger.info('{client} "{method} {path}" {status} {ms} "{agent}"', {
      client,
      method: quotable(method),
      path: quotable(maskedPath(path)),
      status,
      ms: ms.toFixed(1),
      agent: quotable(agent.slice(0, MAX_AGENT_LENGTH)),
    });
  }
}

/** Tells `log` of every request. */
export function accessLog(log: AccessLog, clock: Pick<Clock, "monotonic">): MiddlewareHandler {
  return async (c, next) => {
    if (!log.isTaken) return await next();
    const startedAt = clock.monotonic();
    await next();
    log.tell({
      client: peerAddress(c),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: clock.monotonic() - startedAt,
      agent: c.req.header("User-Agent") ?? "",
    });
  };
}

/** `text` as it may stand between quotes: `\"`, `\\`, and control characters as `\x0a`. */
function quotable(text: string): string {
  return text.replace(/["\\\p{Cc}]/gu, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
