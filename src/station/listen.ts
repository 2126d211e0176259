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
  { hostname, port }: ListenAddress,
  socket: Omit<SocketToKeep, "address">,
): KeptSocket {
  const address = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const { what } = socket;
  try {
    const kept = sockets.keep({ ...socket, address });
    logger.info("{what} listens on {address}", { what, address });
    return kept;
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot listen on ${address} for ${what}: ${cause}`, { cause: error });
  }
}
