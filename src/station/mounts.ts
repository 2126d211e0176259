/** What receivers get that come to the source port. */
import { localStreams } from "../hls/progressive/local_streams.ts";
import type { MountListeners } from "../icecast/mount_listeners.ts";
import { SystemSockets } from "../listening/system_socket.ts";
import type { Core } from "./core.ts";
import { mountsUrl } from "./icecast_status.ts";
import { MountStreams } from "./mount_streams.ts";
import type { HeardOutput } from "./outputs.ts";
import type { HttpThreads } from "./threads/http_threads.ts";

/**
 * Serves endless streams to receivers that have come to the source port.
 * @param threads those that listeners have; `undefined` where there are none
 * @returns `undefined` where there are no such streams, or not for everybody
 */
export function serveMounts(
  { config, clock, stops, sessions, listeners, webLimits }: Core,
  { streams }: Pick<HeardOutput, "streams">,
  threads: HttpThreads | undefined,
): MountListeners | undefined {
  const { hls, icecast } = config;
  const isOpen = hls.auth === "open" && hls.originSecret === undefined;
  if (!icecast.enabled || !isOpen || streams === undefined) return undefined;
  const copies = localStreams(streams, { clock });
  listeners.addStreams(() => [copies.listeners]);
  const system = SystemSockets.load();
  const mounts = new MountStreams({
    ...{ clock, streams, copies, system, url: mountsUrl(config) },
    factsOf: (name) => sessions.find(name)?.streamFacts ?? {},
    counts: webLimits.addServer("mounts"),
    lend: (socket) => threads?.lend(socket) ?? false,
  });
  stops.add(() => system?.close(), () => copies.close(), () => mounts.close());
  return mounts;
}
