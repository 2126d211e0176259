/**
 * How a box gets a name: from the box that has it, in the registry, or alone where both are gone.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../session/clock.ts";
import { nameInUse } from "../../session/ingest.ts";
import type { NameWish } from "../../session/names.ts";
import { type FleetView, isSameOwner } from "../fleet_view.ts";
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
export interface NameDirectory extends Pick<FleetView, "box" | "boxes" | "find"> {
  /** This run of the process. */
  readonly incarnation: string;
  /** @throws {RegistryUnavailable} */
  claim(name: string, shown?: number): Promise<Claimed>;
  /** Takes what another box tells of names. */
  learn(...records: readonly NameRecord[]): void;
}

export interface TakeNameOptions {
  readonly clock: Clock;
  readonly directory: NameDirectory;
  readonly handovers: Pick<Handovers, "ask">;
  /** Whether what somebody shows proves his right to a session. */
  readonly proves: (wish: NameWish, sessionId: number) => boolean;
  /** What segments aim at, in milliseconds. */
  readonly segmentMs: number;
  /** Where an owner was last; `undefined` where that is not known. */
  readonly lastSeen: (owner: Ownership) => KnownBox | undefined;
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
  const { clock } = options;
  const startedAt = clock.monotonic();
  for (;;) {
    const tried = await tryOnce(wish, options);
    if (typeof tried === "object") return tried;
    const waitMs = tried === "silent soon" ? SILENCE_MS : DEATH_MS;
    if (tried === "refused" || clock.monotonic() - startedAt >= waitMs) throw nameInUse(wish.name);
    await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve));
  }
}

/** Why a name was not got: `taken` by a box that may be dead, or lets it go in a moment. */
type NotGot = "refused" | "silent soon" | "taken";

async function tryOnce(wish: NameWish, options: TakeNameOptions): Promise<GotName | NotGot> {
  const { clock, directory } = options;
  const { name } = wish;
  const known = directory.find(name);
  const from = ownerOf(known, options);
  const askedAt = clock.monotonic();
  const answer = from && await options.handovers.ask(from, wish);
  if (answer?.kind === "refused") return answer.later ? "silent soon" : "refused";
  if (answer?.kind === "not-mine" && answer.record !== undefined) directory.learn(answer.record);
  // Another box may be heard of meanwhile that has got it.
  const isGone = () => answer?.kind !== "handed" && isLater(directory.find(name), known);
  if (isGone()) return "taken";
  const shown = from && known && shownEpoch(answer, known, wish, options);
  const claimed = await claim(name, shown, directory);
  if (claimed?.kind === "taken" || (claimed === undefined && isGone())) return "taken";
  // Who had it may have gone on by now.
  const isFresh = clock.monotonic() - askedAt < FREEZE_MS - MARGIN_MS;
  const handed = answer?.kind === "handed" && isFresh ? answer : undefined;
  const before = handed?.record ?? latestOf(claimed?.record, known);
  const later = handed === undefined && before !== undefined ? behind(before, options) : before;
  if (claimed !== undefined) {
    return { own: above(claimed.own, before), before: later, handed, from };
  }
  const got = alone(before, later, handed === undefined, directory);
  return { ...got, own: above(got.own, known), handed, from };
}

/** What was got, at an epoch above that of an owner of whom whoever gave it had not heard. */
function above(own: Ownership, before: NameRecord | undefined): Ownership {
  if (before === undefined || isSameOwner(own, before)) return own;
  return { ...own, epoch: Math.max(own.epoch, before.epoch + 1) };
}

function latestOf(
  record: NameRecord | undefined,
  known: NameRecord | undefined,
): NameRecord | undefined {
  return isLater(known, record) ? known : record ?? known;
}

/** Whether a record tells of another owner than the one before does, and a later one. */
function isLater(record: NameRecord | undefined, before: NameRecord | undefined): boolean {
  return (record?.epoch ?? 0) > (before?.epoch ?? 0);
}

/**
 * A record with numbers and a time behind all that its owner may have listed since it was saved, where
 * that goes on unseen.
 */
function behind(record: NameRecord, { clock, segmentMs }: TakeNameOptions): NameRecord {
  const { endsAtMs, toldAtMs, mediaSequence } = record;
  if (toldAtMs === 0 || mediaSequence === 0) return record;
  const goneMs = Math.max(0, clock.now() - toldAtMs + MAX_SKEW_MS);
  return {
    ...record,
    mediaSequence: mediaSequence + Math.ceil(goneMs / segmentMs),
    endsAtMs: (endsAtMs || toldAtMs) + goneMs + MAX_HASTE_MS,
  };
}

/**
 * The box that has a name, as far as it may run: it is asked also where the registry has not heard of
 * it for a while. `undefined` where it is this one, or none.
 */
function ownerOf(
  known: NameRecord | undefined,
  { directory, lastSeen }: TakeNameOptions,
): KnownBox | undefined {
  if (known === undefined || known.state === "over") return undefined;
  const isOwn = known.box === directory.box && known.incarnation === directory.incarnation;
  return isOwn ? undefined : lastSeen(known);
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
  // It cannot be reached from here. Where it runs, whoever may take its place does so without its help.
  return known.state === "held" || proves(wish, known.sessionId) ? known.epoch : undefined;
}

/** @returns `undefined` where the registry does not answer */
async function claim(
  name: string,
  shown: number | undefined,
  directory: NameDirectory,
): Promise<Claimed | undefined> {
  try {
    return await directory.claim(name, shown);
  } catch (error) {
    if (!(error instanceof RegistryUnavailable)) throw error;
    logger.warn("{name} is taken without the registry: {error}", { name, error: error.message });
    return undefined;
  }
}

/**
 * Takes a name without the registry, which will leave it to the highest epoch of all that took it.
 * @param before what was known
 * @param later the same, with numbers that the owner has not got to yet
 * @param isUnasked whether nobody could be asked, so that others may do so too: the highest epoch is
 *   then the one with the highest numbers and the latest time, which lie apart
 */
function alone(
  before: NameRecord | undefined,
  later: NameRecord | undefined,
  isUnasked: boolean,
  { box, boxes, incarnation }: NameDirectory,
): Pick<GotName, "own" | "before"> {
  const own = { box, incarnation, epoch: (before?.epoch ?? 0) + 1 };
  if (before === undefined || later === undefined || !isUnasked) return { own, before: later };
  const rank = boxes.filter(({ id }) => id < box).length + 1;
  const mediaSequence = later.mediaSequence + rank * ALONE_AHEAD;
  const endsAtMs = later.endsAtMs + rank * MAX_SKEW_MS;
  const epoch = before.epoch + mediaSequence - before.mediaSequence;
  return { own: { ...own, epoch }, before: { ...later, mediaSequence, endsAtMs } };
}

/** How long somebody waits whose old connection to the owner may be found silent … */
const SILENCE_MS = 2500;
/** … and who waits for a death of the owner to be known. */
const DEATH_MS = BOX_LIFE_MS + 2000;
/** How often it is tried meanwhile. */
const AGAIN_MS = 300;
/** Between this box's clock and the other's, each runs a little faster or slower. */
const MARGIN_MS = 200;
/** By how much the clocks of two boxes may differ. */
const MAX_SKEW_MS = 2000;
/** By how much what is listed may be ahead of what was told, and of the time since. */
const MAX_HASTE_MS = 1500;
/** Media sequence numbers that are left out where nobody could be asked which are used. */
const ALONE_AHEAD = 60;

const logger = getLogger(["echo", "fleet"]);
