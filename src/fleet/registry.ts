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
  /** Hash of what must be alike on all boxes, such as the target duration and the preroll. */
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

/** `held`: its DJ is away, and may come back; `over`: it has ended. */
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
  /** All boxes that are alive, this one among them. */
  readonly boxes: readonly KnownBox[];
  /** Names whose record changed. */
  readonly names: readonly NameRecord[];
  /** Names that are no more in the registry. */
  readonly gone: readonly string[];
  /** Names that the box claims to own, and that another box has at a higher epoch. */
  readonly lost: readonly string[];
}

/** How a claim was answered. */
export type Claimed =
  | { readonly kind: "granted"; readonly record: NameRecord | undefined; readonly own: Ownership }
  | { readonly kind: "taken"; readonly by: NameRecord };

/** How a save was answered: `lost` where another box has the name at a higher epoch. */
export type Saved = "saved" | "lost";

/** Thrown where the registry does not answer in time, or with an error. */
export class RegistryUnavailable extends Error {
  override readonly name = "RegistryUnavailable";
}

/** The directory. Each call is one script, takes a second at most, and may be repeated. */
export interface Registry {
  /**
   * Says that the box is alive, and asks what has changed.
   * @param since the version of the answer before; 0 at first
   * @param owned names that the box has now, with their epochs
   * @throws {RegistryUnavailable}
   */
  beat(box: BoxRecord, since: number, owned: ReadonlyMap<string, number>): Promise<Changes>;

  /**
   * Takes a name for a box, at the next epoch, with the record of before; refused where its owner is
   * alive and `shown` is not its epoch.
   * @param shown the epoch at which the owner has handed over
   * @throws {RegistryUnavailable}
   */
  claim(name: string, box: Pick<BoxRecord, "id" | "incarnation">, shown?: number): Promise<Claimed>;

  /**
   * Writes the owner's record. Makes it again where it is missing.
   * @throws {RegistryUnavailable}
   */
  save(record: NameRecord): Promise<Saved>;

  /**
   * Gives a name up that is over: its numbers stay.
   * @throws {RegistryUnavailable}
   */
  release(record: NameRecord): Promise<void>;

  /**
   * A session id that is higher than all before.
   * @throws {RegistryUnavailable}
   */
  nextSessionId(): Promise<number>;

  /** Takes a box off the list at once, as it stops. */
  leave(box: Pick<BoxRecord, "id" | "incarnation">): Promise<void>;

  close(): Promise<void>;
}
