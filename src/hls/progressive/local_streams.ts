/**
 * The endless streams for those who listen in the thread that makes them.
 *
 * @module
 */
import type { StreamSource, StreamSubscription } from "./progressive_streams.ts";
import { StreamCopies, type StreamCopiesOptions } from "./stream_copies.ts";

/** Copies that get everything at once, by calls. Who makes them has to close them. */
export function localStreams(
  streams: Pick<StreamSource, "connect">,
  options: Omit<StreamCopiesOptions, "ask">,
): StreamCopies {
  const connected: { subscriber?: StreamSubscription } = {};
  const copies = new StreamCopies({
    ...options,
    ask: (request) => connected.subscriber?.take(request),
  });
  connected.subscriber = streams.connect((news) => {
    copies.take(news);
    connected.subscriber?.took(copies.takenBytes);
  });
  return copies;
}
