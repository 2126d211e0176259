/** Metrics of the fleet, as this box sees it. */
import { Counter, Gauge, type Registry } from "prom-client";
import { registerCounter } from "./read_metrics.ts";

/** How this box stands to its fleet. */
export interface FleetFigures {
  /** Whether it is one of the boxes, for all that it knows. */
  readonly isJoined: boolean;
  /** How long ago the registry last answered a beat, in milliseconds. */
  readonly beatAgeMs: number;
  /** How often the registry did not answer in time, or with an error. */
  readonly registryErrors: number;
  /** Boxes that are alive, this one among them, by their state. */
  readonly boxes: Readonly<Record<"open" | "draining", number>>;
  /** Names that this box owns. */
  readonly names: number;
  /**
   * Segments of other boxes that have come so far: told with a version of their playlist, or asked for
   * by listeners.
   */
  readonly segments: Readonly<Record<"told" | "asked", number>>;
}

/** Metrics of the fleet. @param figures gives `undefined` where this box is alone */
export function registerFleetMetrics(
  registry: Registry,
  figures: () => FleetFigures | undefined,
): void {
  const gauge = (name: string, help: string, read: (figures: FleetFigures) => number) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const now = figures();
        if (now === undefined) this.remove();
        else this.set(read(now));
      },
    });
  };
  gauge(
    "echo_fleet_joined",
    "Whether this box is one of its fleet: 1, or 0",
    ({ isJoined }) => isJoined ? 1 : 0,
  );
  gauge(
    "echo_fleet_beat_age_seconds",
    "Seconds since the registry of the fleet answered a beat",
    ({ beatAgeMs }) => beatAgeMs / 1000,
  );
  new Gauge({
    name: "echo_fleet_boxes",
    help: "Boxes of the fleet that are alive, by their state",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(figures()?.boxes ?? {})) {
        this.set({ state }, count);
      }
    },
  });
  gauge("echo_fleet_names", "Names that this box owns in its fleet", ({ names }) => names);
  new Counter({
    name: "echo_fleet_segments_total",
    help: "Segments of other boxes that have come, by how: told with their playlist, or asked for",
    labelNames: ["how"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [how, count] of Object.entries(figures()?.segments ?? {})) {
        this.inc({ how }, count);
      }
    },
  });
  registerCounter(
    registry,
    "echo_fleet_registry_errors_total",
    "Calls that the registry of the fleet did not answer in time, or answered with an error",
    () => figures()?.registryErrors ?? 0,
  );
}
