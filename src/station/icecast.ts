/** The source port: takes broadcasts from sources of Icecast and Shoutcast. */
import { isIPv6 } from "node:net";
import type { TcpDoorOptions } from "../doors/tcp_door.ts";
import { LiveSources } from "../icecast/live_sources.ts";
import type { MountListeners } from "../icecast/mount_listeners.ts";
import {
  IcecastServer,
  type IcecastServerOptions,
  type SourceProtocol,
} from "../icecast/server.ts";
import { nameOfMount } from "../icecast/source_target.ts";
import { type MountStatus, type ServerStatus, statusJson } from "../icecast/status.ts";
import type { Session } from "../session/session.ts";
import { tellTitle } from "../session/titles.ts";
import { SERVER_NAME } from "../version.ts";
import type { Core } from "./core.ts";
import { listen } from "./listen.ts";
import { applyNothing, type Reload } from "./reload.ts";
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
  const common: Common = {
    sources: new LiveSources(),
    tag: (request, tags) => tellTitle(sessions, request, tags),
    status: statusOf(core),
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

/** Tells what is on air. Where listeners need tokens, that is for nobody to see. */
function statusOf({ config, clock, sessions, listeners }: Core): Common["status"] {
  const { hls, control, icecast } = config;
  const ip = isIPv6(control.publicIp) ? `[${control.publicIp}]` : control.publicIp;
  const server: ServerStatus = {
    url: `http://${ip}:${icecast.addr.port}`,
    serverName: SERVER_NAME,
    startedAt: clock.now(),
  };
  return (mount) => {
    const onAir = mount === undefined
      ? sessions.sessions
      : [sessions.find(nameOfMount(mount))].filter((session) => session !== undefined);
    const shown = hls.auth === "jwt" ? [] : onAir.flatMap((session) => {
      return mountStatus(session, listeners.count(session.name));
    });
    return statusJson(server, shown);
  };
}

function mountStatus(session: Session, listeners: number): MountStatus[] {
  const { name, audio, created, streamFacts: facts, tags } = session;
  if (created === undefined || audio === undefined) return [];
  const type = audio.codecs === MP3_CODECS ? "audio/mpeg" : "audio/aac";
  return [{ name, type, facts, tags, listeners, startedAt: created.wallMs }];
}

/** What MP3 is called in playlists (RFC 6381). */
const MP3_CODECS = "mp4a.40.34";
