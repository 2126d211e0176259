/**
 * A body that all clients share.
 *
 * @module
 */
/** As much as is handed out at a time. */
const PIECE_BYTES = 65_536;

/**
 * A body of `bytes`, which never change: a `Response` would copy them for each client, and hold the
 * copy for as long as that one takes to read it.
 */
export function sharedBody(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, at += PIECE_BYTES));
      if (at >= bytes.length) controller.close();
    },
  }, { highWaterMark: 0 });
}
