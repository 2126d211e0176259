/** What a box lists of names, as a model: numbers and times, no audio. */
import type {
  Leave,
  LocalShows,
  ShowFacts,
  TakenName,
} from "../../src/fleet/ownership/handover.ts";
import type { OwnedNames } from "../../src/fleet/ownership/owned_names.ts";
import type { SignedKeys } from "../../src/fleet/ownership/signed_keys.ts";
import type { NameRecord } from "../../src/fleet/registry.ts";
import type { NameWish } from "../../src/session/names.ts";
import type { FakeClock } from "../fake_clock.ts";

/** What segments last. */
export const SEGMENT_MS = 1000;

/** What a player sees of a name at a box. */
export interface Seen {
  /** That of the last segment. */
  readonly sequence: number;
  /** Wall time at the end of the last segment. */
  readonly endsAtMs: number;
}

/** The session of a name at a box. */
interface ModelSession {
  readonly id: number;
  readonly createdAtMs: number;
  /** Closes the connection of its DJ; `undefined` while he is away. */
  close: (() => void) | undefined;
}

/** What a box lists of a name. */
interface ModelShow {
  session: ModelSession | undefined;
  next: number;
  endsAtMs: number;
  reserved: number;
  state: "listing" | "frozen" | "let go";
  /** Nothing was listed here yet, so that who asks here gets what another box has listed. */
  isEmpty: boolean;
  /** The epoch at which it was last listed here. */
  epoch: number;
}

export interface ModelledShowsOptions {
  readonly box: string;
  readonly clock: FakeClock;
  readonly keys: Pick<SignedKeys, "proves">;
  readonly names: () => Pick<OwnedNames, "changed" | "epochOf" | "number" | "sessionId">;
}

/** The shows of one run of a box. */
export class ModelledShows implements LocalShows {
  /** Ids of sessions of which it has told that they are over. */
  readonly buried: number[] = [];
  /** Ids of sessions that go on elsewhere, as it was told. */
  readonly gone: (number | undefined)[] = [];
  readonly #options: ModelledShowsOptions;
  readonly #shows = new Map<string, ModelShow>();

  constructor(options: ModelledShowsOptions) {
    this.#options = options;
  }

  /** The id of the session that a name has; `undefined` where there is none. */
  sessionOf(name: string): number | undefined {
    return this.#shows.get(name)?.session?.id;
  }

  /** Somebody has reserved a name, and has not sent anything. */
  wait(name: string): void {
    this.#showOf(name).session = { id: RESERVED_ID, createdAtMs: 0, close: undefined };
  }

  /** A DJ publishes. @param onClosed called once, when his connection is closed */
  publish(name: string, onClosed: () => void): void {
    const { clock, names } = this.#options;
    const show = this.#showOf(name);
    show.session ??= { id: names().sessionId(), createdAtMs: clock.now(), close: undefined };
    show.session.close?.();
    show.session.close = onClosed;
    show.state = "listing";
    names().changed(name);
  }

  /** A DJ is gone; `onClosed` is what he published with. */
  hangUp(name: string, onClosed: () => void): void {
    const session = this.#shows.get(name)?.session;
    if (session?.close !== onClosed) return;
    session.close = undefined;
    this.#options.names().changed(name);
  }

  /** Its DJ has said goodbye. */
  finish(name: string): void {
    const show = this.#shows.get(name);
    if (show !== undefined) show.session = undefined;
    this.#options.names().changed(name);
  }

  /** What is listed of a name here. */
  playlist(name: string): Seen | undefined {
    const show = this.#shows.get(name);
    if (show === undefined || show.isEmpty || show.state === "let go") return undefined;
    return { sequence: show.next - 1, endsAtMs: show.endsAtMs };
  }

  /** Lists a segment of each name: of audio, or of silence while its DJ is away. */
  listAll(): void {
    for (const [name, show] of this.#shows) this.#list(name, show);
  }

  /** The process is gone. */
  closeConnections(): void {
    for (const { session } of this.#shows.values()) session?.close?.();
  }

  facts(name: string): ShowFacts | undefined {
    const session = this.#shows.get(name)?.session;
    if (session === undefined) return undefined;
    const { id: sessionId, createdAtMs, close } = session;
    return {
      ...{ sessionId, createdAtMs, holdMs: HOLD_MS, props: {} },
      state: close === undefined ? "held" : "live",
    };
  }

  mayLeave({ name, shown: { tokens } }: NameWish): Promise<Leave> {
    const session = this.#shows.get(name)?.session;
    if (session?.close === undefined) return Promise.resolve("free");
    const { id } = session;
    const isProven = tokens.some((token) => this.#options.keys.proves({ name, id }, token));
    return Promise.resolve(isProven ? "proven" : "no");
  }

  freeze(name: string): Pick<ModelShow, "next" | "endsAtMs"> | undefined {
    const show = this.#shows.get(name);
    if (show === undefined) return undefined;
    show.state = "frozen";
    return { next: show.next, endsAtMs: show.endsAtMs };
  }

  thaw(name: string): void {
    const show = this.#shows.get(name);
    if (show !== undefined) show.state = "listing";
  }

  takeOver({ wish: { name }, before, goesOn, state }: TakenName): void {
    const { box } = this.#options;
    const show = this.#showOf(name);
    const isOwn = before?.box === box && before.epoch === show.epoch && !show.isEmpty;
    if (state !== undefined) {
      const { next, endsAtMs } = state as Pick<ModelShow, "next" | "endsAtMs">;
      Object.assign(show, { next, endsAtMs, isEmpty: true });
    } else if (before !== undefined && !isOwn) {
      show.next = Math.max(show.next, before.mediaSequence);
      show.endsAtMs = Math.max(show.endsAtMs, before.endsAtMs);
      show.isEmpty = true;
    }
    show.state = "listing";
    if (before !== undefined && goesOn) {
      show.session = { id: before.sessionId, createdAtMs: before.createdAtMs, close: undefined };
    }
    this.#reserve(name, show);
  }

  bury({ name, sessionId }: NameRecord): void {
    this.buried.push(sessionId);
    this.#options.names().changed(name);
  }

  letGo(name: string, sessionId: number | undefined): void {
    this.gone.push(sessionId);
    const show = this.#shows.get(name);
    if (show === undefined) return;
    show.state = "let go";
    const { session } = show;
    show.session = undefined;
    session?.close?.();
  }

  #showOf(name: string): ModelShow {
    const now = this.#options.clock.now();
    const show = this.#shows.get(name) ?? {
      ...{ session: undefined, next: Math.floor(now / 1000), endsAtMs: 0, reserved: 0 },
      ...{ state: "listing" as const, isEmpty: true, epoch: 0 },
    };
    this.#shows.set(name, show);
    return show;
  }

  #list(name: string, show: ModelShow): void {
    if (show.state !== "listing" || show.session === undefined) return;
    show.endsAtMs = (show.endsAtMs || this.#options.clock.now()) + SEGMENT_MS;
    show.next++;
    show.isEmpty = false;
    show.epoch = this.#options.names().epochOf(name) ?? 0;
    if (show.next + RESERVED_AGAIN >= show.reserved) this.#reserve(name, show);
  }

  #reserve(name: string, show: ModelShow): void {
    show.reserved = show.next + RESERVED;
    this.#options.names().number(name, {
      ...{ mediaSequence: show.reserved, discontinuitySequence: 0, endsAtMs: show.endsAtMs },
    });
  }
}

const HOLD_MS = 30_000;
const RESERVED_ID = 4711;
/** Numbers that are told ahead … */
const RESERVED = 16;
/** … again once so few are left. */
const RESERVED_AGAIN = 8;
