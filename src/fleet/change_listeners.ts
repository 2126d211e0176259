/** Who is called back when something changes in a fleet. */
import { getLogger } from "@logtape/logtape";
import type { FleetChange } from "./fleet_view.ts";

/** Callbacks for changes. One that throws keeps none of the others from being called. */
export class ChangeListeners {
  readonly #listeners: ((change: FleetChange) => void)[] = [];

  add(listener: (change: FleetChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Tells what has changed, if anything has. */
  tell(change: FleetChange): void {
    if (change.names.length === 0 && change.lost.length === 0 && !change.boxes) return;
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        logger.fatal("A bug, please report it: {error}", { error });
      }
    }
  }
}

const logger = getLogger(["echo", "fleet"]);
