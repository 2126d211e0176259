/**
 * The origin of the broadcasts of this process, in the thread that makes them.
 *
 * @module
 */
import type { Distributor, Subscriber } from "./distributor.ts";
import { Replica, type ReplicaOptions } from "./replica.ts";

/** A replica that gets everything at once, by calls. Who makes it has to close it. */
export function localOrigin(
  distributor: Distributor,
  options: Omit<ReplicaOptions, "ask">,
): Replica {
  const connected: { subscriber?: Subscriber } = {};
  const replica = new Replica({
    ...options,
    ask: (request) => connected.subscriber?.take(request),
  });
  connected.subscriber = distributor.connect((news) => {
    replica.take(news);
    connected.subscriber?.took(replica.takenBytes);
  });
  return replica;
}
