/** Sends endless answers straight from the memory that clients share. */
import type { StreamSocket } from "../listening/stream_socket.ts";
import type { SystemSocket, SystemSockets } from "../listening/system_socket.ts";
import type { LiveSource } from "./live_body.ts";

/**
 * What the system may hold of an endless answer: some seconds of it. By itself it would hold megabytes
 * for a client that reads nothing.
 */
const BUFFER_BYTES = 65_536;

/**
 * Sends what `source` gives. What the system does not take is offered again with what comes next, and
 * nobody waits for it, so that a client that takes nothing costs no more than its connection: the
 * source ends where it is too far behind.
 * @param system is used until `isClosed` says so, or nothing follows
 * @returns resolves then
 */
export function feedLive(
  system: Pick<SystemSocket, "send" | "setSendBuffer">,
  source: LiveSource,
  isClosed: () => boolean = () => false,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const send = () => {
    for (;;) {
      const bytes = isClosed() ? undefined : source.next();
      if (bytes === undefined) return over.resolve();
      if (bytes.length === 0) return;
      const count = system.send(bytes, undefined);
      source.sent(count);
      if (count < bytes.length) return;
    }
  };
  if (!isClosed()) system.setSendBuffer(BUFFER_BYTES);
  source.onMore(send);
  send();
  return over.promise;
}

/**
 * Has the system hold no more of an endless answer on `socket` than {@link feedLive} has it. For those
 * that are written to as others are; to be called while `socket` is open.
 */
export function boundLive(
  sockets: Pick<SystemSockets, "of" | "beneath"> | undefined,
  socket: StreamSocket,
): void {
  const system = sockets?.of(socket.plain ?? socket) ?? sockets?.beneath(socket);
  system?.setSendBuffer(BUFFER_BYTES);
}
