/** What boxes ask each other: the client, and the server at `ECHO_FLEET_ADDR`. */
import { getLogger } from "@logtape/logtape";
import type { Hono } from "hono";
import { derivedKey } from "../fleet/derived_key.ts";
import { BoxLinks } from "../fleet/links/box_links.ts";
import { fleetRoutes } from "../fleet/links/fleet_routes.ts";
import type { BoxRun } from "../fleet/links/request_signature.ts";
import { TrustedProxies } from "../http/addresses.ts";
import { type ConnectionCounts, ConnectionLimits } from "../http/connection_limits.ts";
import type { ListenAddress } from "../http/http_server.ts";
import type { ListeningSockets } from "../listening/listening_sockets.ts";
import type { Clock } from "../session/clock.ts";
import { WebServer } from "../web/web_server.ts";
import { listen } from "./listen.ts";
import type { Stops } from "./stops.ts";

/** How this box asks others, and what it answers them. */
export interface FleetLinks {
  readonly links: BoxLinks;
  /** Below `/fleet/1/`: parts mount what they answer before {@link serveFleet}. */
  readonly routes: Hono;
}

/** What links have to do with. */
export interface LinkParts {
  readonly clock: Clock;
  readonly stops: Stops;
}

/**
 * Makes what boxes ask each other by; nothing is asked or answered yet.
 * @param sharedKey `ECHO_PRIV_KEY`
 */
export function openFleetLinks(
  { clock, stops }: LinkParts,
  own: BoxRun,
  sharedKey: string,
): FleetLinks {
  const key = derivedKey(sharedKey, "between boxes");
  const links = new BoxLinks({ clock, own, key });
  stops.add(() => links.close());
  return { links, routes: fleetRoutes({ own, key, onRefused: refusalLog(clock) }) };
}

/** Answers other boxes from now on. All routes are mounted. */
export function serveFleet(
  { clock, stops, sockets }: LinkParts & { readonly sockets: ListeningSockets },
  { routes }: FleetLinks,
  addr: ListenAddress,
): void {
  const counts = fleetConnections();
  const web = new WebServer(addr, routes, ["echo", "fleet"], { clock, counts });
  const socket = listen(sockets, addr, {
    ...{ kind: "fleet", what: "requests of other boxes" },
    open: (onEnd) => web.listen(onEnd),
    letGo: () => web.letGo(),
  });
  stops.add(() => web.close(), () => socket.close());
}

/** The connections of other boxes: a host that is none may have its own part of them alone. */
export function fleetConnections(): ConnectionCounts {
  const limits = { maxConnections: MAX_CONNECTIONS, maxPerAddress: MAX_PER_ADDRESS };
  return new ConnectionLimits({
    ...{ ...limits, maxTogether: Infinity },
    proxies: new TrustedProxies([]),
  }).addServer("fleet");
}

/** Logs one in a while. */
function refusalLog(clock: Pick<Clock, "awake">): (why: string) => void {
  let saidAt = -Infinity;
  let unsaid = 0;
  return (why) => {
    unsaid++;
    if (clock.awake() - saidAt < SAID_EVERY_MS) return;
    logger.warn("{count} requests as of another box were refused: {why}", { count: unsaid, why });
    saidAt = clock.awake();
    unsaid = 0;
  };
}

/** Boxes have some dozens each. */
const MAX_CONNECTIONS = 4096;
/** More than one box may have requests under way at another. */
const MAX_PER_ADDRESS = 512;
const SAID_EVERY_MS = 60_000;

const logger = getLogger(["echo", "fleet"]);
