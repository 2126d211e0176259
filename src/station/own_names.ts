/** Which names this box owns of those of its fleet. */
import type { Config } from "../config.ts";
import { SessionIds } from "../fleet/ownership/session_ids.ts";
import type { Member } from "../fleet/member.ts";
import { BoxHandovers } from "../fleet/ownership/box_handovers.ts";
import { LastSeen } from "../fleet/ownership/last_seen.ts";
import { handoverRoutes } from "../fleet/ownership/handover_routes.ts";
import { NameExchange } from "../fleet/ownership/name_exchange.ts";
import { askForNames, nameRoutes } from "../fleet/ownership/name_routes.ts";
import { OwnedNames } from "../fleet/ownership/owned_names.ts";
import type { Clock } from "../session/clock.ts";
import type { EventBus, EventKind } from "../session/events.ts";
import type { Keys } from "../session/key_store.ts";
import type { SessionManager } from "../session/session_manager.ts";
import type { FleetLinks } from "./fleet_links.ts";
import { FleetShows } from "./fleet_shows.ts";
import type { Stops } from "./stops.ts";

/** What names have to do with. */
export interface NameParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly stops: Stops;
  readonly sessions: SessionManager;
  readonly keys: Keys;
  readonly events: EventBus;
}

/** The names that this box owns, and what it does with them. */
export interface OwnNames {
  readonly names: OwnedNames;
  readonly shows: FleetShows;
}

/** Has sessions of this box be of names that it owns. */
export function openNames(
  { clock, config, sessions, keys, events, stops }: NameParts,
  member: Member,
  { links, routes }: FleetLinks,
): OwnNames {
  const segmentMs = config.hls.targetDurationMs;
  const shows = new FleetShows({ clock, events, sessions, keys, segmentMs });
  const lastSeen = new LastSeen(member);
  const names = new OwnedNames({
    ...{ clock, directory: member, shows, handovers: new BoxHandovers(links) },
    ids: new SessionIds({ clock, box: member.box, registry: member }),
    proves: ({ name, shown: { tokens, approved } }, id) => {
      return approved || tokens.some((token) => keys.proves({ name, id }, token));
    },
    segmentMs,
    lastSeen: (owner) => lastSeen.of(owner),
  });
  sessions.names = names;
  events.subscribe(({ kind, name }) => {
    // A session that is over is there until all have heard of it.
    if (CHANGING.has(kind)) queueMicrotask(() => names.changed(name));
  });
  routes.route("/handover", handoverRoutes(names));
  const exchange = new NameExchange({ clock, directory: member, ask: askForNames(links) });
  routes.route("/names", nameRoutes(exchange));
  stops.add(() => {
    names.close();
    exchange.close();
  });
  return { names, shows };
}

/** Events behind which something else is to be told of a name. */
const CHANGING: ReadonlySet<EventKind> = new Set([
  ...["authorize", "create", "pause", "resume", "release"] as const,
]);
