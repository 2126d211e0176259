/**
 * What a box keeps of each name that it owns.
 *
 * @module
 */
import type { Timer } from "../../session/clock.ts";
import type { NameRecord } from "../registry.ts";
import type { HandedName } from "./handover.ts";

/** A name that this box owns. */
export interface OwnedName {
  record: NameRecord;
  /** Whether nothing was ever heard of it, here or elsewhere, so that nothing is to be kept. */
  isUnheard: boolean;
  /** Set while another box may claim it. */
  handed: Handed | undefined;
  /** Looks whether anybody uses it. */
  unused: Timer | undefined;
}

/** A name that is being handed over. */
interface Handed {
  /** The incarnation of the box that has asked for it. */
  readonly to: string;
  readonly answer: HandedName;
  readonly timer: Timer;
  /** Resolves when another box has it, or none. */
  readonly decided: Promise<void>;
  readonly decide: () => void;
}
