/** How the parts of the server listen. */
import { getLogger } from "@logtape/logtape";
import type { ListenAddress } from "../http/http_server.ts";
import type { KeptSocket, ListeningSockets, SocketToKeep } from "../listening/listening_sockets.ts";

const logger = getLogger(["echo"]);

/**
 * Keeps open what listens on `addr`, and says so.
 * @throws {Error} that says what could not be done
 */
export function listen(
  sockets: ListeningSockets,
  addr: ListenAddress,
  socket: Omit<SocketToKeep, "address">,
): KeptSocket {
  const { what } = socket;
  const kept = attemptToListen(addr, what, (address) => sockets.keep({ ...socket, address }));
  tellListening(addr, what);
  return kept;
}

/**
 * Does what has `what` listen on `addr`, which it is given as `HOST:PORT`.
 * @throws {Error} that says what could not be done
 */
export function attemptToListen<T>(
  addr: ListenAddress,
  what: string,
  operation: (address: string) => T,
): T {
  const address = textOf(addr);
  try {
    return operation(address);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot listen on ${address} for ${what}: ${cause}`, { cause: error });
  }
}

/** Says in the log that `what` listens. */
export function tellListening(addr: ListenAddress, what: string): void {
  // The log passes ten lines of one template, and there are more ports.
  logger.info(`${what} listens on {address}`, { address: textOf(addr) });
}

function textOf({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
