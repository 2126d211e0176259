/**
 * Gives the broadcasts of this box to others, as before an upgrade.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../session/clock.ts";
import type { Session } from "../../session/session.ts";
import type { SessionManager } from "../../session/session_manager.ts";
import type { FleetView } from "../fleet_view.ts";
import { betterOfTwo, openBoxes } from "../placement.ts";
import type { BoxState } from "../registry.ts";
import { Departure } from "./departure.ts";

const LOOK_MS = 250;
/** So many encoders are on their way to other boxes at a time, at least … */
const LEAST_DEPARTURES = 4;
/** … and this part of those that there were: a large box is drained in minutes, too. */
const DEPARTING_PART = 1 / 50;

const logger = getLogger(["echo", "fleet"]);

export interface BoxDrainOptions {
  readonly clock: Clock;
  readonly sessions: Pick<SessionManager, "sessions" | "drain" | "openness" | "places">;
  readonly view: Pick<FleetView, "box" | "boxes">;
  /** Told of each new state, which the other boxes are to know at once. */
  readonly onState: (state: BoxState) => void;
  /** From 0 up to 1, as `Math.random`, which is the default. */
  readonly random?: () => number;
}

/**
 * Whether this box drains. While it does, it takes no new broadcasts; and where another box is open,
 * encoders are asked to reconnect there where they say that they can, and the others are closed: a few
 * at a time, so that the other boxes get no flood of them. Where no other box is open, what is on air
 * goes on here. Listeners are served as ever.
 */
export class BoxDrain {
  readonly #options: BoxDrainOptions;
  readonly #departures = new Map<Session, Departure>();
  #looks: Timer | undefined;
  #wasAlone: boolean | undefined;
  #mostDepartures = LEAST_DEPARTURES;

  constructor(options: BoxDrainOptions) {
    this.#options = options;
  }

  get state(): BoxState {
    return this.#looks === undefined ? "open" : "draining";
  }

  /** Drains from now on; does nothing where it does already. */
  start(): void {
    if (this.#looks !== undefined) return;
    const { clock, sessions, onState } = this.#options;
    this.#wasAlone = undefined;
    const part = Math.ceil(sessions.sessions.length * DEPARTING_PART);
    this.#mostDepartures = Math.max(LEAST_DEPARTURES, part);
    this.#looks = clock.every(LOOK_MS, () => this.#look());
    logger.info("drains: it takes no new broadcasts");
    onState(this.state);
    this.#look();
  }

  /** Takes broadcasts again. Whoever was asked to leave may have left. */
  cancel(): void {
    if (this.#looks === undefined) return;
    this.close();
    this.#options.sessions.openness.reopen();
    logger.info("drains no more: it takes broadcasts again");
    this.#options.onState(this.state);
  }

  /** Looks after nothing any more; what it is open to stays as it is. */
  close(): void {
    this.#looks?.cancel();
    this.#looks = undefined;
    this.#departures.clear();
  }

  #look(): void {
    const { sessions, view } = this.#options;
    const isAlone = openBoxes(view.boxes, view.box).length === 0;
    sessions.drain(isAlone ? "returns" : "nobody");
    if (isAlone !== this.#wasAlone) this.#tell(isAlone);
    this.#wasAlone = isAlone;
    if (isAlone) return;
    for (const [session, departure] of this.#departures) {
      if (departure.isOver()) this.#departures.delete(session);
    }
    for (const session of sessions.sessions) {
      if (this.#departures.size >= this.#mostDepartures) break;
      if (session.transport !== undefined && !this.#departures.has(session)) this.#send(session);
    }
  }

  #send(session: Session): void {
    const { clock, sessions: { places }, view, random } = this.#options;
    const box = betterOfTwo(view.boxes, view.box, random);
    if (box !== undefined) {
      this.#departures.set(session, new Departure({ clock, session, places, box }));
    }
  }

  #tell(isAlone: boolean): void {
    const { sessions } = this.#options.sessions;
    if (isAlone) logger.warn("no other box takes broadcasts: those on air go on here");
    else logger.info("{live} broadcasts go to other boxes", { live: sessions.length });
  }
}
