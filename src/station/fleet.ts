/** This box in its fleet: what makes it one of several that are one server. */
import { createHash, randomBytes } from "node:crypto";
import { isIPv6 } from "node:net";
import type { Config } from "../config.ts";
import { derivedKey } from "../fleet/derived_key.ts";
import { Member } from "../fleet/member.ts";
import type { BoxLoad, BoxRecord, PublicPlace } from "../fleet/registry.ts";
import { openRedisRegistry } from "../fleet/registry/redis_registry.ts";
import type { Listeners } from "../hls/listeners.ts";
import { NO_PREROLL, type Preroll } from "../hls/preroll.ts";
import type { Health } from "../stat/health.ts";
import { processorMs } from "../stat/metrics/load_meter.ts";
import { VERSION } from "../version.ts";
import { type FleetLinks, openFleetLinks } from "./fleet_links.ts";
import { type NameParts, openNames, type OwnNames } from "./own_names.ts";

/** What makes this box one of a fleet. */
export interface Fleet {
  readonly member: Member;
  /** How it asks other boxes, and answers them. */
  readonly links: FleetLinks;
  /** The names that this box owns. */
  readonly own: OwnNames;
}

/** What the fleet has to do with. */
export interface FleetParts extends NameParts {
  readonly health: Health;
  readonly listeners: Listeners;
}

/** Makes what is of the fleet. It has not joined yet. @returns `undefined` where there is none */
export function openFleet(parts: FleetParts): Fleet | undefined {
  const { config, clock, stops, health } = parts;
  if (config.fleet.redis === undefined) return undefined;
  const facts = factsOf(config);
  const member = new Member({
    clock,
    registry: openRedisRegistry(clock, config.fleet.redis),
    facts,
    load: loadMeter(parts),
  });
  health.add("fleet", () => [member.membership.problem]);
  stops.add(() => member.stop());
  const links = openFleetLinks(parts, facts, config.control.cookieKey);
  return { member, links, own: openNames(parts, member, links) };
}

/** Joins the fleet; waits no longer than a moment for the registry. */
export async function startFleet(
  { config, fleet }: Pick<FleetParts, "config"> & { readonly fleet: Fleet | undefined },
  preroll: Preroll | undefined,
): Promise<void> {
  await fleet?.member.start(alikeOf(config, preroll ?? NO_PREROLL));
}

function factsOf(config: Config): Omit<BoxRecord, "load" | "state" | "alike"> {
  const { box, addr: { hostname, port } } = config.fleet;
  return {
    id: box,
    incarnation: randomBytes(8).toString("hex"),
    privateUrl: `http://${isIPv6(hostname) ? `[${hostname}]` : hostname}:${port}`,
    publicAddress: { ip: config.control.publicIp, ports: portsOf(config) },
    version: VERSION,
  };
}

/** Where clients find what this box serves. */
function portsOf({ control, hls, icecast, rtmp, srt, stat, tls }: Config): PublicPlace["ports"] {
  const hasHls = hls.enabled && hls.webEnabled;
  const places = [
    ["control", control.enabled, control.addr, tls.controlAddr],
    ["srt", control.enabled, srt.addr, "off"],
    ["rtmp", rtmp.enabled, rtmp.addr, "off"],
    ["rtmps", rtmp.enabled, "off", tls.rtmpsAddr],
    ["icecast", icecast.enabled, icecast.addr, tls.icecastAddr],
    ["hls", hasHls, hls.webAddr, tls.hlsAddr],
    ["stat", stat.webEnabled, stat.webAddr, tls.statAddr],
  ] as const;
  const ports: Record<string, number> = {};
  for (const [name, isOn, plain, secure] of places) {
    if (!isOn) continue;
    if (plain !== "off") ports[name] = plain.port;
    if (secure === "off" || tls.certFile === undefined) continue;
    ports[name === "rtmps" ? name : `${name}-tls`] = secure.port;
  }
  return ports;
}

function loadMeter({ clock, sessions, listeners }: FleetParts): () => BoxLoad {
  let before = { at: clock.monotonic(), processorMs: processorMs() };
  return () => {
    const now = { at: clock.monotonic(), processorMs: processorMs() };
    const tookMs = Math.max(1, now.at - before.at);
    const cpu = Math.round(100 * (now.processorMs - before.processorMs) / tookMs) / 100;
    before = now;
    return {
      sessions: sessions.sessions.length,
      listeners: listeners.total,
      cpu,
      residentBytes: Deno.memoryUsage().rss,
    };
  };
}

/** What must be alike on all boxes, by the variable that says it. */
function alikeOf({ control, hls }: Config, preroll: Preroll): string {
  const tags = [...preroll.files].map(([name, { etag }]) => `${name} ${etag}`).sort();
  const alike = {
    ECHO_PRIV_KEY: hash(derivedKey(control.cookieKey, "fingerprint")),
    HLS_TARGET_DURATION: hls.targetDurationMs,
    HLS_PREROLE_DIR: tags.length === 0 ? "none" : hash(tags.join("\n")),
    HLS_WEB_PATH: hls.webPath,
  };
  return Object.entries(alike).map(([name, value]) => `${name}=${value}`).join(" ");
}

function hash(what: string | Uint8Array): string {
  return createHash("sha256").update(what).digest("hex").slice(0, 16);
}
