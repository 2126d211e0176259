/**
 * The directory of a fleet: which boxes there are, and which box has which name. It is asked by
 * boxes alone, never on the way of a frame, and what it loses costs no broadcast.
 *
 * @module
 */

/** What a box tells of itself. */
export interface BoxRecord {
  /** `ECHO_BOX`: `[a-z0-9]{1,16}`. */
  readonly id: string;
  /** Random at each start of the process: the same box started again is another owner. */
  readonly incarnation: string;
  /** Where other boxes reach it, such as `http://10.0.0.2:5022`. */
  readonly privateUrl: string;
  /** What clients are told. */
  readonly publicAddress: PublicPlace;
  readonly load: BoxLoad;
  readonly state: BoxState;
  /** What must be alike on all boxes, such as the target duration: by name, as `target=1000`. */
  readonly alike: string;
  readonly version: string;
}

/** `draining`: it takes no new broadcasts, and gives away those that it has. */
export type BoxState = "open" | "draining";

/** Where clients find a box. */
export interface PublicPlace {
  readonly ip: string;
  /** By what is found there, such as `control`, `hls`, `rtmp`, `srt`, `icecast`, `stat`. */
  readonly ports: Readonly<Record<string, number>>;
}

/** How much a box has to do. */
export interface BoxLoad {
  readonly sessions: number;
  readonly listeners: number;
  /** Part of a core that the process takes; may be above 1. */
  readonly cpu: number;
  readonly residentBytes: number;
}

/** A box at a moment of the registry's time. */
export interface KnownBox extends BoxRecord {
  /** How long ago it was heard last, in milliseconds by the registry's clock. */
  readonly ageMs: number;
}

/** Who owns a name: this epoch is higher than that of every owner before. */
export interface Ownership {
  readonly box: string;
  readonly incarnation: string;
  readonly epoch: number;
}

/** `held`: its DJ is away, and may come back; `over`: it has ended, and nobody owns it. */
export type NameStage = "live" | "held" | "over";

/** What another box needs to go on with a name. */
export interface NameRecord extends Ownership {
  readonly name: string;
  readonly sessionId: number;
  readonly state: NameStage;
  /** Numbers that nothing has that was listed or is about to be: they are reserved ahead. */
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  /** EXT-X-PROGRAM-DATE-TIME at the end of what is listed, in milliseconds since the epoch. */
  readonly endsAtMs: number;
  /** When the numbers were told, in milliseconds since the epoch by the owner's clock; 0 before. */
  readonly toldAtMs: number;
  /** What the client said of itself when it published. */
  readonly props: Readonly<Record<string, string>>;
  /** For how long its DJ may still come back, in milliseconds, at the time of the save. */
  readonly holdMs: number;
  /** When its session began, in milliseconds since the epoch; 0 before its first audio. */
  readonly createdAtMs: number;
}

/** What has changed since a version. */
export interface Changes {
  /** To be shown at the next call. */
  readonly version: number;
  /**
   * Whether the registry may have forgotten what it was told: it is another one, or was emptied. All
   * that it knows is told then, and who owns names has to save them again.
   */
  readonly renewed: boolean;
  /** All boxes that are alive and have joined. */
  readonly boxes: readonly KnownBox[];
  /** Names whose record changed. */
  readonly names: readonly NameRecord[];
}

/** How a beat was answered. */
export type BeatAnswer =
  | { readonly kind: "joined"; readonly changes: Changes }
  /** `unlike`: `by` has another {@link BoxRecord.alike}. `replaced`: `by` has the same id. */
  | { readonly kind: "refused"; readonly why: "unlike" | "replaced"; readonly by: KnownBox };

/** How a claim was answered. `record`: what was saved of the name last, by whoever had it. */
export type Claimed =
  | { readonly kind: "granted"; readonly record: NameRecord | undefined; readonly own: Ownership }
  | { readonly kind: "taken"; readonly by: NameRecord };

/** Epochs that a claimer knows of. */
export interface KnownEpochs {
  /** The epoch at which the owner has handed over. */
  readonly shown?: number | undefined;
  /** The highest that was heard of: the next is higher, also where the registry has forgotten it. */
  readonly known?: number | undefined;
}

/** How a save was answered: `lost` where another owner has the name (see `outranks`). */
export type Saved =
  | { readonly kind: "saved" }
  | { readonly kind: "lost"; readonly to: NameRecord };

/** Thrown where the registry does not answer in time, or with an error. */
export class RegistryUnavailable extends Error {
  override readonly name = "RegistryUnavailable";
}

/** Who calls: a box that runs. */
export type Caller = Pick<BoxRecord, "id" | "incarnation">;

/** The directory. Each call takes a second at most, and may be repeated. */
export interface Registry {
  /**
   * Says that the box is alive, and asks what has changed. Boxes that do not beat for
   * {@link BOX_LIFE_MS} are forgotten.
   * @param since the version of the answer before; 0 at first
   * @throws {RegistryUnavailable}
   */
  beat(box: BoxRecord, since: number): Promise<BeatAnswer>;

  /**
   * Asks what has changed.
   * @param since as above
   * @throws {RegistryUnavailable}
   */
  changes(since: number): Promise<Changes>;

  /**
   * Takes a name for a box, at the next epoch, with the record of before; refused where its owner is
   * alive and `shown` is not its epoch. Who owns it already gets it at the same epoch. It is not
   * granted once {@link RegistryUnavailable} was thrown.
   * @throws {RegistryUnavailable}
   */
  claim(name: string, box: Caller, epochs?: KnownEpochs): Promise<Claimed>;

  /**
   * Writes the owner's record. Makes it again where it is missing. A record that is over gives the
   * name up: its numbers stay, unless {@link isUnheard}.
   * @throws {RegistryUnavailable}
   */
  save(record: NameRecord): Promise<Saved>;

  /**
   * Reserves session ids that are higher than all before: `count` of them, which follow each other.
   * @returns the first
   * @throws {RegistryUnavailable}
   */
  reserveSessionIds(count: number): Promise<number>;

  /**
   * Takes a box off the list at once, as it stops.
   * @throws {RegistryUnavailable}
   */
  leave(box: Caller): Promise<void>;

  close(): Promise<void>;
}

/** How long a box is alive after its last beat, by the registry's clock. */
export const BOX_LIFE_MS = 6000;

/** How long a name's record is kept after its last save, by the registry's clock … */
export const NAME_LIFE_MS = 24 * 3600 * 1000;
/** … and that of a name that was given up before anybody heard it. */
export const UNHEARD_LIFE_MS = 3600 * 1000;

/** Whether a name is over of which nothing was ever heard, so that it has no numbers to keep. */
export function isUnheard({ state, mediaSequence, createdAtMs }: NameRecord): boolean {
  return state === "over" && mediaSequence === 0 && createdAtMs === 0;
}

/** How long a record is kept after its last save. */
export function lifeMsOf(record: NameRecord): number {
  return isUnheard(record) ? UNHEARD_LIFE_MS : NAME_LIFE_MS;
}

/** What there is to say of a name that nobody had before. */
export function newRecord(name: string): Omit<NameRecord, keyof Ownership> {
  return {
    ...{ name, sessionId: 0, state: "live", mediaSequence: 0, discontinuitySequence: 0 },
    ...{ endsAtMs: 0, toldAtMs: 0, props: {}, holdMs: 0, createdAtMs: 0 },
  };
}
