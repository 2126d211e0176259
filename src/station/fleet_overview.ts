/** What operators are told of the whole fleet, and how its boxes drain. */
import type { Hono, MiddlewareHandler } from "hono";
import { BoxDrain } from "../fleet/drain/box_drain.ts";
import { broadcastsLeft } from "../session/drain.ts";
import { boxReport } from "../stat/fleet/box_report.ts";
import { BOX_PATH, boxRoutes } from "../stat/fleet/box_routes.ts";
import { FleetReporter } from "../stat/fleet/fleet_reporter.ts";
import { fleetStatRoutes } from "../stat/fleet/routes.ts";
import { FLEET_PATH } from "../fleet/links/fleet_routes.ts";
import type { Observers } from "./observers.ts";
import type { Core } from "./core.ts";

/** This box as operators see it among the others. */
export interface FleetOverview {
  readonly drain: BoxDrain;
  /**
   * How many broadcasts are not over here in every respect. Those that went to another box are not
   * while players may still ask for what was listed here.
   */
  readonly left: () => number;
  /** What is served to operators, whom `guard` lets in. */
  readonly routes: (guard: MiddlewareHandler) => Hono;
}

/**
 * Has other boxes be answered what they ask for that; to be called before they are answered anything.
 * @returns `undefined` where there is no fleet
 */
export function startFleetOverview(
  core: Core,
  { statistics }: Pick<Observers, "statistics">,
): FleetOverview | undefined {
  const { fleet, clock, sessions, listeners: audience, health, stops } = core;
  if (fleet === undefined) return undefined;
  const { member: view, links: { links, routes } } = fleet;
  const drain = new BoxDrain({
    ...{ clock, sessions, view },
    onState: (state) => view.announce(state),
  });
  stops.add(() => drain.close());
  const startedMs = clock.now();
  const left = () => {
    const here = broadcastsLeft(statistics.ids, sessions).map((id) => statistics.find(id)?.name);
    return new Set([...here, ...fleet.own.shows.hls?.leftElsewhere ?? []]).size;
  };
  const own = () => boxReport({ startedMs, sessions, left: left(), audience, health });
  routes.route(BOX_PATH.slice(FLEET_PATH.length), boxRoutes({ report: own, drain }));
  const { membership } = view;
  const reporter = new FleetReporter({ clock, view, membership, links, own });
  return {
    ...{ drain, left },
    routes: (guard) => fleetStatRoutes({ view, reporter, links, drain, guard }),
  };
}
