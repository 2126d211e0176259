/**
 * What sockets throw, as the one thing that it means.
 *
 * @module
 */
/** The client has closed the connection, or cannot be reached. */
export class PeerGone extends Error {
  override readonly name = "PeerGone";

  /** @param cause what an operation on the socket has thrown */
  static because(cause: unknown): PeerGone {
    return new PeerGone(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
