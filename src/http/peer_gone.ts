/**
 * What sockets throw, as the one thing that it means.
 *
 * @module
 */
/** The client has closed the connection, or cannot be reached. */
export class PeerGone extends Error {
  override readonly name = "PeerGone";
}

/** @throws {PeerGone} where an operation on the socket fails */
export async function orPeerGone<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw new PeerGone(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
