/** The doors by which broadcasts come in: RTMP and SRT. */
import { getLogger } from "@logtape/logtape";
import { SrtUnavailable } from "../../ffi/srt.ts";
import type { TcpDoorOptions } from "../doors/tcp_door.ts";
import { RtmpServer } from "../rtmp/server.ts";
import { SrtServer } from "../srt/server.ts";
import type { Core } from "./core.ts";
import { listen } from "./listen.ts";
import { applyNothing, type Reload } from "./reload.ts";
import { securePlace } from "./tls.ts";

const logger = getLogger(["echo"]);

/**
 * Takes broadcasts by RTMP, and over TLS where there is a certificate.
 * @returns what applies the limit on connections, which each of the two has
 */
export function startRtmp(core: Core): Reload {
  const { rtmp, tls } = core.config;
  if (!rtmp.enabled) return applyNothing;
  const secure = securePlace(core, tls.rtmpsAddr);
  const servers = [
    openRtmp(core, "RTMP", { addr: rtmp.addr }),
    ...(secure === undefined ? [] : [openRtmp(core, "RTMPS", secure)]),
  ];
  return ({ rtmp }) => () => {
    for (const server of servers) server.maxConnections = rtmp.maxConnections;
  };
}

function openRtmp(
  { config: { rtmp }, clock, stops, sessions, sockets, fleet }: Core,
  what: string,
  place: Pick<TcpDoorOptions, "addr" | "certificate">,
): RtmpServer {
  const { connectionTimeoutMs, maxConnections } = rtmp;
  const server = new RtmpServer({
    ...{ ...place, connectionTimeoutMs, maxConnections, clock, doorkeeper: sessions },
    asksToReconnect: fleet !== undefined,
  });
  const open = (onEnd: (why: Error) => void) => server.start(onEnd);
  const socket = listen(sockets, place.addr, { kind: what.toLowerCase(), what, open });
  stops.add(() => server.close(), () => socket.close());
  return server;
}

/**
 * Takes broadcasts by SRT. Without libsrt the server goes on, where there is another way to publish.
 * @returns `undefined` where there is no SRT
 */
export function startSrt(core: Core): SrtServer | undefined {
  const { clock, stops, events, sessions, health, sockets } = core;
  const { control, icecast, rtmp, srt } = core.config;
  if (!control.enabled) return undefined;
  const server = new SrtServer({
    addr: srt.addr,
    ports: { min: srt.minPort, max: srt.maxPort },
    latencyMs: srt.latencyMs,
    readTimeoutMs: srt.readTimeoutMs,
    passphrase: srt.passphrase,
    library: srt.library,
    clock,
    sessions,
    events,
    sockets,
  });
  try {
    const open = (onEnd: (why: Error) => void) => server.start(onEnd);
    const socket = listen(sockets, srt.addr, { kind: "srt", what: "SRT", open });
    stops.add(() => server.close(), () => socket.close());
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (!(cause instanceof SrtUnavailable) || !(rtmp.enabled || icecast.enabled)) throw error;
    const why = cause.message.replace(/\n\s*/g, "; ");
    logger.error("There is no SRT ingest: {why}", { why });
    health.add("srt", () => [`There is no SRT ingest: ${why}`]);
    return undefined;
  }
  return server;
}
