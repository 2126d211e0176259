/** The source port: takes broadcasts from sources of Icecast and Shoutcast. */
import type { TcpDoorOptions } from "../doors/tcp_door.ts";
import { LiveSources } from "../icecast/live_sources.ts";
import type { MountListeners } from "../icecast/mount_listeners.ts";
import {
  IcecastServer,
  type IcecastServerOptions,
  type SourceProtocol,
} from "../icecast/server.ts";
import { tellTitle } from "../session/titles.ts";
import type { Core } from "./core.ts";
import { icecastStatus } from "./icecast_status.ts";
import { listen } from "./listen.ts";
import { applyNothing, type Reload } from "./reload.ts";
import { type TellTitle, TITLE_PATH, titleRoutes, titleTeller } from "./title_passing.ts";
import { securePlace } from "./tls.ts";

/** What all doors for sources have in common. */
type Common = Pick<IcecastServerOptions, "sources" | "tag" | "status" | "listeners">;

/** Where sources of Shoutcast come in: they expect it behind the port that is told to them. */
export function shoutcastAddr<A extends TcpDoorOptions["addr"]>(addr: A): A {
  return { ...addr, port: addr.port + 1 };
}

/**
 * Takes broadcasts by Icecast, over TLS where there is a certificate, and by Shoutcast.
 * @param listeners who serves the receivers that come to the same port; `undefined`: nobody
 * @returns what applies the limit on connections, which each door has
 */
export function startIcecast(core: Core, listeners?: MountListeners): Reload {
  const { icecast, tls } = core.config;
  if (!icecast.enabled) return applyNothing;
  const { sessions } = core;
  const sources = new LiveSources(core.clock);
  const common: Common = {
    sources,
    tag: anywhere(core, sources, (request, tags) => tellTitle(sessions, request, tags)),
    status: icecastStatus(core),
    listeners,
  };
  const secure = securePlace(core, tls.icecastAddr);
  const servers = [
    open(core, common, "Icecast", { addr: icecast.addr }),
    ...(secure === undefined ? [] : [open(core, common, "Icecast", secure)]),
    ...(icecast.shoutcastEnabled
      ? [open(core, common, "Shoutcast", { addr: shoutcastAddr(icecast.addr) })]
      : []),
  ];
  return ({ icecast }) => () => {
    for (const server of servers) server.maxConnections = icecast.maxConnections;
  };
}

/** Has titles be told of broadcasts of all boxes, where there are several. */
function anywhere({ fleet }: Core, sources: LiveSources, here: TellTitle): TellTitle {
  if (fleet === undefined) return here;
  const { member, links: { links, routes } } = fleet;
  const passedOn: TellTitle = async (request, tags) => {
    const live = sources.find({ others: [], ...request }, request.transport.address);
    live?.metadata(tags, undefined);
    return live !== undefined || await here(request, tags);
  };
  routes.route(TITLE_PATH, titleRoutes(passedOn));
  return titleTeller({ member, links }, here);
}

function open(
  { config: { icecast }, clock, stops, sessions, sockets }: Core,
  common: Common,
  speaks: SourceProtocol,
  place: Pick<TcpDoorOptions, "addr" | "certificate">,
): IcecastServer {
  const { connectionTimeoutMs, maxConnections } = icecast;
  const server = new IcecastServer({
    ...{ ...place, ...common, connectionTimeoutMs, maxConnections, clock, doorkeeper: sessions },
    speaks,
  });
  const isSecure = place.certificate !== undefined;
  const socket = listen(sockets, place.addr, {
    kind: isSecure ? "icecast-tls" : speaks.toLowerCase(),
    what: isSecure ? `${speaks} over TLS` : speaks,
    open: (onEnd) => server.start(onEnd),
  });
  stops.add(() => server.close(), () => socket.close());
  return server;
}
