/** Metrics of how loud broadcasts are, and of which nothing is to be heard. */
import { Gauge, type Registry } from "prom-client";
import type { SessionManager } from "../../session/session_manager.ts";
import { toldDeadAir, toldLevel } from "../told_level.ts";
import { registerGauge } from "./read_metrics.ts";

/** Broadcasts that metrics tell apart: each is two time series. Those of dead air are among them. */
const MAX_QUIET = 10;

/** Metrics of levels (estimates) and of dead air. */
export function registerLevelMetrics(
  registry: Registry,
  sessions: Pick<SessionManager, "sessions">,
): void {
  registerGauge(
    registry,
    "echo_dead_air",
    "Broadcasts of which nothing is to be heard",
    () => sessions.sessions.filter((session) => toldDeadAir(session) !== undefined).length,
  );
  const quietest = () => {
    return sessions.sessions.flatMap((session) => {
      const level = toldLevel(session);
      const deadAir = toldDeadAir(session) === undefined ? 0 : 1;
      return level === undefined ? [] : [{ name: session.name, level, deadAir }];
    }).sort((a, b) => b.deadAir - a.deadAir || a.level - b.level).slice(0, MAX_QUIET);
  };
  new Gauge({
    name: "echo_name_level_dbfs",
    help: `Level (estimate) of each broadcast, for the ${MAX_QUIET} quietest`,
    labelNames: ["name"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, level } of quietest()) this.set({ name }, level);
    },
  });
  new Gauge({
    name: "echo_name_dead_air",
    help: `1 where nothing is to be heard, for the ${MAX_QUIET} quietest broadcasts`,
    labelNames: ["name"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, deadAir } of quietest()) this.set({ name }, deadAir);
    },
  });
}
