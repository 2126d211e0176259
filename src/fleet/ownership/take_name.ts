/**
 * How a box gets a name: from the box that has it, in the registry, or alone where both are gone.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../session/clock.ts";
import { nameInUse } from "../../session/ingest.ts";
import type { NameWish } from "../../session/names.ts";
import type { FleetView } from "../fleet_view.ts";
import {
  BOX_LIFE_MS,
  type Claimed,
  type KnownBox,
  type NameRecord,
  type Ownership,
  RegistryUnavailable,
} from "../registry.ts";
import { FREEZE_MS, type HandedName, type HandoverAnswer, type Handovers } from "./handover.ts";

/** What is known of names, and where they are claimed. */
export interface NameDirectory extends Pick<FleetView, "box" | "find" | "boxOf"> {
  /** This run of the process. */
  readonly incarnation: string;
  /** Whether the process runs that owns something, for all that is known. */
  isAlive(owner: Ownership): boolean;
  /** @throws {RegistryUnavailable} */
  claim(name: string, shown?: number): Promise<Claimed>;
}

export interface TakeNameOptions {
  readonly clock: Clock;
  readonly directory: NameDirectory;
  readonly handovers: Pick<Handovers, "ask">;
  /** Whether what somebody shows proves his right to a session. */
  readonly proves: (wish: NameWish, sessionId: number) => boolean;
}

/** A name that was got. */
export interface GotName {
  readonly own: Ownership;
  /** What was known of it before, with numbers that nobody has used. */
  readonly before: NameRecord | undefined;
  /** What its owner handed over, while that is good. */
  readonly handed: HandedName | undefined;
  /** The box that had it, where that runs. */
  readonly from: KnownBox | undefined;
}

/**
 * Gets a name for this box.
 * @throws {PublishRefused} `name-in-use`
 */
export async function takeName(wish: NameWish, options: TakeNameOptions): Promise<GotName> {
  const { clock, directory } = options;
  const startedAt = clock.monotonic();
  for (;;) {
    const known = directory.find(wish.name);
    const from = ownerOf(known, directory);
    const askedAt = clock.monotonic();
    const answer = from && await options.handovers.ask(from, wish);
    if (answer?.kind === "refused" && !answer.later) throw nameInUse(wish.name);
    if (answer?.kind !== "refused") {
      const handed = answer?.kind === "handed" ? answer : undefined;
      const shown = from && known && shownEpoch(answer, known, wish, options);
      const got = await claim(wish.name, { shown, known: handed?.record ?? known }, directory);
      // Who had it may have gone on by now, with numbers that lie below the reserved ones.
      const isFresh = clock.monotonic() - askedAt < FREEZE_MS - MARGIN_MS;
      if (got !== undefined) return { ...got, handed: isFresh ? handed : undefined, from };
    }
    const waitMs = answer?.kind === "refused" ? SILENCE_MS : DEATH_MS;
    if (clock.monotonic() - startedAt >= waitMs) throw nameInUse(wish.name);
    await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve));
  }
}

/** The box that has a name and runs; `undefined` where it is this one, or none. */
function ownerOf(
  known: NameRecord | undefined,
  directory: NameDirectory,
): KnownBox | undefined {
  if (known === undefined || known.state === "over" || known.box === directory.box) {
    return undefined;
  }
  return directory.isAlive(known) ? directory.boxOf(known.box) : undefined;
}

/** The epoch that gives the name; `undefined` where its owner has to be gone. */
function shownEpoch(
  answer: HandoverAnswer | undefined,
  known: NameRecord,
  wish: NameWish,
  { proves }: TakeNameOptions,
): number | undefined {
  if (answer?.kind === "handed") return answer.record.epoch;
  if (answer?.kind === "not-mine") return known.epoch;
  // It cannot be reached from here. Whoever may take its place does so without its help.
  return known.state === "held" || proves(wish, known.sessionId) ? known.epoch : undefined;
}

interface ClaimParts {
  readonly shown: number | undefined;
  readonly known: NameRecord | undefined;
}

/** @returns `undefined` where another box has it */
async function claim(
  name: string,
  { shown, known }: ClaimParts,
  directory: NameDirectory,
): Promise<Pick<GotName, "own" | "before"> | undefined> {
  try {
    const claimed = await directory.claim(name, shown);
    if (claimed.kind === "taken") return undefined;
    const { own, record } = claimed;
    return { own, before: record ?? known };
  } catch (error) {
    if (!(error instanceof RegistryUnavailable)) throw error;
    logger.warning("{name} is taken without the registry: {error}", { name, error: error.message });
    return alone(known, directory);
  }
}

/** What an owner may have listed that could not save it lies below these numbers. */
function alone(
  known: NameRecord | undefined,
  { box, incarnation }: NameDirectory,
): Pick<GotName, "own" | "before"> {
  const own = { box, incarnation, epoch: (known?.epoch ?? 0) + 1 };
  const before = known && { ...known, mediaSequence: known.mediaSequence + ALONE_AHEAD };
  return { own, before };
}

/** How long somebody waits whose old connection to the owner may be found silent … */
const SILENCE_MS = 2500;
/** … and who waits for a death of the owner to be known. */
const DEATH_MS = BOX_LIFE_MS + 2000;
/** How often it is tried meanwhile. */
const AGAIN_MS = 300;
/** Between this box's clock and the other's, each runs a little faster or slower. */
const MARGIN_MS = 200;
/** Media sequence numbers that are left out where the registry did not say which are used. */
const ALONE_AHEAD = 60;

const logger = getLogger(["echo", "fleet"]);
