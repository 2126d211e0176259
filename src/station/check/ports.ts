/** Checks whether the server could listen where it is told to. */
import type { Config } from "../../config.ts";
import type { Address } from "../../config/kinds.ts";
import { shoutcastAddr } from "../icecast.ts";
import { attemptToListen } from "../listen.ts";
import { error, type Finding, reason, warning } from "./finding.ts";

/** Where a part of the server would listen. */
interface Door {
  readonly variable: string;
  readonly what: string;
  readonly transport: "tcp" | "udp";
  readonly addr: Address;
}

/**
 * Opens all ports at a time, as the server would, and closes them again. Where an Echo runs already,
 * ports that are in use are taken for its own.
 */
export async function checkPorts(config: Config): Promise<Finding[]> {
  const doors = doorsOf(config);
  const findings: Finding[] = [];
  const inUse: Finding[] = [];
  const open: Disposable[] = [];
  for (const [index, door] of doors.entries()) {
    try {
      open.push(attemptToListen(door.addr, door.what, () => listen(door)));
    } catch (thrown) {
      const finding = error(`${door.variable}: ${reason(thrown)}`);
      const other = doors.slice(0, index).find((other) => isSamePort(door, other));
      if (!isInUse(thrown)) findings.push(finding);
      else if (other === undefined) inUse.push(finding);
      else findings.push(error(`${door.variable} is the same port as ${other.variable}`));
    }
  }
  for (const socket of open) socket[Symbol.dispose]();
  if (inUse.length === 0 || !await isEchoThere(doors)) return [...findings, ...inUse];
  const busy = warning("Echo runs here already: ports that are in use are taken for its own");
  return [...findings, busy];
}

function doorsOf({ control, fleet, hls, icecast, rtmp, srt, stat, tls }: Config): Door[] {
  const tcp = (enabled: boolean, variable: string, what: string, addr: Address): Door[] =>
    enabled ? [{ variable, what, transport: "tcp", addr }] : [];
  const udp: Door = {
    variable: "ECHO_SRT_ADDR",
    what: "SRT",
    transport: "udp",
    addr: srt.addr,
  };
  const secure = (enabled: boolean, variable: string, what: string, addr: Address | "off") =>
    tls.certFile === undefined || addr === "off" ? [] : tcp(enabled, variable, what, addr);
  return [
    ...tcp(rtmp.enabled, "RTMP_ADDR", "RTMP", rtmp.addr),
    ...tcp(icecast.enabled, "ICECAST_ADDR", "Icecast", icecast.addr),
    ...tcp(
      icecast.enabled && icecast.shoutcastEnabled,
      "SHOUTCAST_ENABLED",
      "Shoutcast",
      shoutcastAddr(icecast.addr),
    ),
    ...control.enabled ? [udp] : [],
    ...tcp(control.enabled, "ECHO_ADDR", "the control API", control.addr),
    ...tcp(hls.enabled && hls.webEnabled, "HLS_WEB_ADDR", "HLS over HTTP", hls.webAddr),
    ...tcp(stat.webEnabled, "STAT_WEB_ADDR", "statistics", stat.webAddr),
    ...tcp(fleet.redis !== undefined, "ECHO_FLEET_ADDR", "requests of other boxes", fleet.addr),
    ...secure(rtmp.enabled, "RTMPS_ADDR", "RTMPS", tls.rtmpsAddr),
    ...secure(icecast.enabled, "ICECAST_TLS_ADDR", "Icecast over TLS", tls.icecastAddr),
    ...secure(control.enabled, "ECHO_TLS_ADDR", "the control API over HTTPS", tls.controlAddr),
    ...secure(hls.enabled && hls.webEnabled, "HLS_WEB_TLS_ADDR", "HLS over HTTPS", tls.hlsAddr),
    ...secure(stat.webEnabled, "STAT_WEB_TLS_ADDR", "statistics over HTTPS", tls.statAddr),
  ];
}

function listen({ transport, addr }: Door): Disposable {
  if (transport === "tcp") return Deno.listen({ ...addr });
  const socket = Deno.listenDatagram({ ...addr, transport });
  return { [Symbol.dispose]: () => socket.close() };
}

function isSamePort({ transport, addr }: Door, other: Door): boolean {
  return transport === other.transport && addr.port === other.addr.port;
}

function isInUse(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.cause instanceof Deno.errors.AddrInUse;
}

/** Whether one of the places is an HTTP port of an Echo. */
async function isEchoThere(doors: readonly Door[]): Promise<boolean> {
  const places = doors.filter(({ transport }) => transport === "tcp");
  return (await Promise.all(places.map(({ addr }) => isEcho(addr)))).includes(true);
}

async function isEcho({ hostname, port }: Address): Promise<boolean> {
  const host = ANYWHERE.get(hostname) ?? (hostname.includes(":") ? `[${hostname}]` : hostname);
  try {
    const signal = AbortSignal.timeout(GIVE_UP_MS);
    const { body, headers } = await fetch(`http://${host}:${port}/health`, { signal });
    await body?.cancel();
    return headers.get("Server")?.startsWith("Echo/") === true;
  } catch (thrown) {
    // Nobody is there, or somebody who does not speak HTTP or does not answer.
    if (thrown instanceof TypeError || thrown instanceof DOMException) return false;
    throw thrown;
  }
}

/** How to reach what listens on every address of this box. */
const ANYWHERE: ReadonlyMap<string, string> = new Map([["0.0.0.0", "127.0.0.1"], ["::", "[::1]"]]);
const GIVE_UP_MS = 2000;
