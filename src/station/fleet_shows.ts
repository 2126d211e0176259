/** What this box does with names that it owns, gets or loses: its sessions and what is heard of them. */
import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { Leave, LocalShows, ShowFacts, TakenName } from "../fleet/ownership/handover.ts";
import type { NameRecord } from "../fleet/registry.ts";
import { type NameHandover, NUMBERS_AHEAD } from "../hls/handed_window.ts";
import type { Hls } from "../hls/hls.ts";
import { END_GRACE_MS } from "../hls/life.ts";
import type { CarriedSession } from "../session/carried_session.ts";
import type { Clock } from "../session/clock.ts";
import { type EventBus, sessionEvent } from "../session/events.ts";
import type { Protocol } from "../session/ingest.ts";
import type { Keys } from "../session/key_store.ts";
import type { NameWish } from "../session/names.ts";
import { MOVED_REASON, NAME_TAKEN_REASON, SERVER_REASON } from "../session/reason.ts";
import type { SessionManager } from "../session/session_manager.ts";

export interface FleetShowsOptions {
  readonly clock: Pick<Clock, "now">;
  readonly events: EventBus;
  readonly sessions: SessionManager;
  readonly keys: Pick<Keys, "opened">;
  /** What segments aim at, in milliseconds. */
  readonly segmentMs: number;
}

/** HLS, as far as it goes from box to box. */
export type HandedHls = Pick<Hls, "handOver" | "thaw" | "takeOver" | "letGo" | "leftElsewhere">;

/** The sessions of this box, with the output that goes from box to box with them. */
export class FleetShows implements LocalShows {
  /** To be set before there are doors; `undefined` where there is no HLS. */
  hls: HandedHls | undefined;
  readonly #options: FleetShowsOptions;
  readonly #sessions: SessionManager;

  constructor(options: FleetShowsOptions) {
    this.#options = options;
    this.#sessions = options.sessions;
  }

  facts(name: string): ShowFacts | undefined {
    const session = this.#sessions.find(name);
    if (session === undefined) return undefined;
    const { id: sessionId, props, holdMs, transport, created } = session;
    return {
      ...{ sessionId, props, holdMs, createdAtMs: created?.wallMs ?? 0 },
      state: transport === undefined ? "held" : "live",
    };
  }

  async mayLeave({ name, address, shown }: NameWish): Promise<Leave> {
    const { places } = this.#sessions;
    const session = this.#sessions.find(name);
    if (session === undefined) return "free";
    await places.readFirst(session);
    const rank = places.rankOf(session, address, shown);
    if (rank === PROVEN) return "proven";
    if (session.created === undefined) return rank === STRANGER ? "as new" : "free";
    if (places.isFree(session)) return "free";
    return session.transport?.address === address ? "later" : "no";
  }

  freeze(name: string): NameHandover | undefined {
    return this.hls?.handOver(name);
  }

  thaw(name: string): void {
    this.hls?.thaw(name);
  }

  takeOver({ wish, before, goesOn, state, isProven }: TakenName): void {
    const { name, protocol, address, shown } = wish;
    this.hls?.takeOver(name, handedOver(state, name) ?? this.#numbersOf(before, goesOn));
    if (before === undefined || !goesOn) return;
    const { sessionId: id } = before;
    // A key may count in a session that it has opened elsewhere.
    if (isProven) {
      for (const token of shown.tokens) {
        this.#options.keys.opened({ name, id }, token);
      }
    }
    this.#sessions.takeOver(carried(before, protocol), address);
  }

  bury({ name, sessionId: id, props }: NameRecord): void {
    const { clock, events } = this.#options;
    // Nobody has told how it was sent.
    const facts = { id, name, protocol: "rtmp", props } as const;
    events.emit(sessionEvent(facts, "release", clock.now(), { reason: SERVER_REASON }));
  }

  letGo(name: string, sessionId: number | undefined): void {
    this.hls?.letGo(name);
    for (const session of this.#sessions.sessions) {
      if (session.name !== name) continue;
      const goesOn = sessionId === undefined
        ? session.created !== undefined
        : session.id === sessionId;
      if (goesOn) session.end("moved", MOVED_REASON);
      else session.end("lost", NAME_TAKEN_REASON);
    }
  }

  /** What HLS goes on with where its owner could not be asked. */
  #numbersOf(before: NameRecord | undefined, goesOn: boolean): NameHandover {
    const { mediaSequence = 0, discontinuitySequence = 0, endsAtMs = 0 } = before ?? {};
    return {
      ...{ kind: "numbers", mediaSequence, discontinuitySequence, goesOn },
      endsAtMs: goesOn ? endsAtMs : Math.min(endsAtMs, this.#overAtMs(before)),
      madeBy: before && { box: before.box, epoch: before.epoch },
    };
  }

  /** Up to when a show that is over may have been listed, in milliseconds since the epoch. */
  #overAtMs({ toldAtMs }: Pick<NameRecord, "toldAtMs"> = { toldAtMs: 0 }): number {
    const { clock, segmentMs } = this.#options;
    // So much may be listed without being told of, and behind the last session that much silence.
    const untoldMs = NUMBERS_AHEAD * segmentMs + END_GRACE_MS;
    return Math.min(clock.now(), toldAtMs + untoldMs) + AHEAD_MS;
  }
}

function carried(record: NameRecord, protocol: Protocol): CarriedSession {
  const { name, sessionId: id, props, createdAtMs, holdMs, state } = record;
  const wasHeard = createdAtMs > 0;
  return {
    ...{ id, name, protocol, props, holdMs, isPaused: wasHeard && state === "held" },
    createdAtMs: wasHeard ? createdAtMs : undefined,
  };
}

/** What HLS of another box handed over; `undefined` where it did not, or in a way not known here. */
function handedOver(state: unknown, name: string): NameHandover | undefined {
  if (state === undefined) return undefined;
  const { data, error } = HANDOVER.safeParse(state);
  if (error !== undefined) {
    logger.error("The window of {name} cannot be read: {error}", { name, error: error.message });
  }
  return data?.kind === "numbers" ? { ...data, madeBy: data.madeBy } : data;
}

const NUMBERING = { mediaSequence: z.number(), discontinuitySequence: z.number() };
const HANDOVER = z.discriminatedUnion("kind", [
  z.object({
    ...{ kind: z.literal("window"), playlist: z.string(), unlisted: z.number() },
    ...{ listedAgoMs: z.number(), sizes: z.array(z.number()), configs: z.array(z.string()) },
    titles: z.array(z.object({
      ...{ title: z.string().optional(), artist: z.string().optional(), wallMs: z.number() },
    })),
    low: z.array(z.object({
      ...{ sequence: z.number(), uri: z.string(), initUri: z.string(), durationUs: z.number() },
      ...{ discontinuity: z.boolean(), wallMs: z.number().optional(), size: z.number() },
      parts: z.array(z.object({ uri: z.string(), durationUs: z.number() })),
    })).optional(),
  }),
  z.object({
    ...{ kind: z.literal("numbers"), ...NUMBERING, endsAtMs: z.number(), goesOn: z.boolean() },
    madeBy: z.object({ box: z.string(), epoch: z.number() }).optional(),
  }),
]);

/** Another box's clock may be ahead by 2 s, and audio that was late is listed faster for a moment. */
const AHEAD_MS = 3500;

/** The highest rank: a key was shown, or somebody has said yes. */
const PROVEN = 2;
/** The lowest: nothing speaks for him. */
const STRANGER = 0;

const logger = getLogger(["echo", "fleet"]);
