/** How one encoder is sent to another box. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../session/clock.ts";
import type { Transport } from "../../session/ingest.ts";
import type { Places } from "../../session/places.ts";
import type { Session } from "../../session/session.ts";
import type { KnownBox } from "../registry.ts";

/** Who was asked to reconnect has so long; then he is closed. */
const ASKED_MS = 10_000;
/** Encoders that were closed are back within this, or do not come back by themselves. */
const AWAY_MS = 3000;
/** What an encoder is told that is closed. */
const WHY = "this box gives its broadcasts to others: connect again";

const logger = getLogger(["echo", "fleet"]);

export interface DepartureOptions {
  readonly clock: Clock;
  readonly session: Session;
  readonly places: Pick<Places, "leaves">;
  /** Where it is to go. */
  readonly box: KnownBox;
}

/**
 * An encoder on its way to another box: asked to reconnect there, where it can be asked, else closed.
 * Its session goes when the other box takes the name over; until then it is held here.
 */
export class Departure {
  readonly #clock: Clock;
  readonly #session: Session;
  /** The connection that was asked; `undefined` once it is closed. */
  #asked: Transport | undefined;
  /** When the step that it is in is over, on `Clock.monotonic`. */
  #until: number;

  constructor({ clock, session, places, box }: DepartureOptions) {
    this.#clock = clock;
    this.#session = session;
    const { transport, name, id } = session;
    if (transport !== undefined && ask(transport, box)) {
      logger.info("its encoder is asked to go on at box {box}", { box: box.id, name, id });
      places.leaves(transport);
      this.#asked = transport;
      this.#until = clock.monotonic() + ASKED_MS;
    } else {
      this.#until = this.#close();
    }
  }

  /** Whether nothing more is to be waited for. To be called now and then. */
  isOver(): boolean {
    const { state, transport } = this.#session;
    if (state === "terminated") return true;
    const isLate = this.#clock.monotonic() >= this.#until;
    if (this.#asked === undefined) return isLate;
    if (isLate || transport !== this.#asked) this.#until = this.#close();
    return false;
  }

  /** @returns when the encoder ought to be back elsewhere */
  #close(): number {
    this.#asked = undefined;
    this.#session.transport?.close(WHY);
    return this.#clock.monotonic() + AWAY_MS;
  }
}

/** @returns whether it can be asked */
function ask(transport: Transport, { publicAddress: { ip, ports } }: KnownBox): boolean {
  const port = ports[transport.protocol];
  return port !== undefined && transport.requestReconnect?.(ip, port) === true;
}
