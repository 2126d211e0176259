/**
 * What doors and sessions know of each other: who sends, what is asked before, and where it goes.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Tags } from "./tags.ts";

/** The protocols by which broadcasts come in, in the order in which clients are told them. */
export const PROTOCOLS = ["srt", "rtmp", "icecast"] as const;

/** How a broadcast comes in. */
export type Protocol = typeof PROTOCOLS[number];

/** What the URLs of each protocol begin with. */
export const URL_SCHEMES: Readonly<Record<Protocol, string>> = {
  srt: "srt://",
  rtmp: "rtmp://",
  icecast: "icecast://",
};

/** How a connection ended: the encoder said goodbye, or it was gone. */
export type IngestEnd = "finished" | "lost";

/** How the network behaves, as a transport sees it that measures it. */
export interface LinkQuality {
  readonly roundTripMs: number;
  /** Of what was sent since the connection began, what was missing at first; most is repaired. */
  readonly lossPercent: number;
}

/** What a door gives the session to know and close the connection by. */
export interface Transport {
  readonly protocol: Protocol;
  /** The peer's address, without port. */
  readonly address: string;
  /** As it is now; `undefined` where nobody measures it. */
  readonly link?: LinkQuality | undefined;
  /** Frames that were dropped because they came too far ahead of real time. Default: 0. */
  readonly tooEarly?: number;
  /**
   * Called once when the session lets this connection go: another took over, the session ended or
   * the server stops. The door closes the socket; what it writes afterwards is ignored.
   */
  close(why: string): void;
  /**
   * Asks the encoder to connect to another server, and to go on here until it has; absent where the
   * protocol has no such request.
   * @returns whether this encoder can be asked
   */
  requestReconnect?(host: string, port: number): boolean;
  /**
   * What arrived is wanted now, and what follows as it comes. A door that reads later than it comes
   * has this.
   */
  readAtOnce?(): void;
}

/** One way to read what a DJ typed. */
export interface Reading {
  readonly name: string;
  /** What stood in the place of the key; `undefined` or empty where there was none. */
  readonly key: string | undefined;
  /** Who it says it is, for those who are asked. */
  readonly user?: string | undefined;
  /**
   * What stood before the name is taken for the application of another server, and looks like one or
   * not. The first counts where no keys are needed; elsewhere the name may well be a key.
   */
  readonly application?: "usual" | "unusual";
}

/** A door's request to publish: name and key as typed. */
export interface PublishRequest extends Reading {
  /** Other ways to read the same text, the likeliest first: they count where a key of this server fits. */
  readonly others?: readonly Reading[];
  readonly transport: Transport;
  /** What {@link Doorkeeper.ask} was answered with; it counts like a valid key. */
  readonly approved?: Approval | undefined;
}

/** The yes of an authority. */
export interface Approval {
  /** What may be published by it. */
  readonly name: string;
  /** Who may, where the authority knows its DJs. */
  readonly dj?: string | undefined;
  /** How long it counts; `undefined`: as long as a key of this server does. */
  readonly terms?: Terms | undefined;
}

/** How long a right counts, on `Clock.monotonic`; `Infinity`: for ever. */
export interface Terms {
  /** A key that is given out by it opens nothing after that. */
  readonly keyExpiresAt: number;
  /** A session that it opens ends then. */
  readonly sessionEndsAt: number;
}

/** All that a refusal may be for. */
export const REFUSAL_KINDS = [
  "invalid-name",
  "key-required",
  "key-unknown",
  "key-expired",
  "not-allowed",
  "unavailable",
  "name-in-use",
  "limit",
  "stopping",
  "no-audio",
] as const;

/** Why a publish was refused. */
export type RefusalKind = typeof REFUSAL_KINDS[number];

/** Where what the DJ typed may be the reason, so that a door says what arrived. */
export function isAboutWhatWasTyped(kind: RefusalKind): boolean {
  return ABOUT_WHAT_WAS_TYPED.has(kind);
}

const ABOUT_WHAT_WAS_TYPED: ReadonlySet<RefusalKind> = new Set([
  "invalid-name",
  "key-required",
  "key-unknown",
  "not-allowed",
]);

/** Thrown where a publish is refused; `message` is fit to be shown to the DJ. */
export class PublishRefused extends Error {
  override readonly name = "PublishRefused";
  constructor(readonly kind: RefusalKind, message: string) {
    super(message);
  }
}

/** That somebody else has the name. */
export function nameInUse(name: string): PublishRefused {
  return new PublishRefused(
    "name-in-use",
    `Cannot publish ${name}: somebody else is on air with it`,
  );
}

/** What an encoder tells of its stream, such as RTMP's onMetaData. */
export type StreamFacts = Readonly<Record<string, string | number | boolean>>;

/**
 * Where a door puts what one connection sends. Everything is ignored once the session has let the
 * connection go, or it was refused, so a door needs no check of its own.
 */
export interface Ingest {
  /**
   * How much faster than real time this connection has sent, in milliseconds; 0 before it is let in.
   */
  readonly aheadMs: number;
  /** The stream's configuration: before the first frame, and again whenever it changes. */
  configure(config: AudioConfig): void;
  /**
   * One raw access unit. `data` is read during the call only.
   * @param timeMs the source's own timestamp, unwrapped, in milliseconds (fractions allowed);
   *   `undefined` where the transport has none.
   * @param arrivedAt when it arrived, on `Clock.monotonic`; now, where the door does not know it
   */
  write(data: Uint8Array, timeMs: number | undefined, arrivedAt?: number): void;
  /** Frames that are known to be lost at this point, where no timestamp tells it. */
  lost(frames: number): void;
  /** Something that could not be parsed. */
  bad(count: number): void;
  /** Packets that the transport gave up. */
  dropped(count: number): void;
  /** Facts about the stream from the encoder, instead of those before. */
  facts(facts: StreamFacts): void;
  /**
   * What is heard, instead of what was heard before.
   * @param timeMs from when on, on the same clock as that of {@link write}: the first frame that is
   *   not earlier is the first one meant; `undefined`: the next one
   */
  metadata(tags: Tags, timeMs: number | undefined): void;
  /**
   * What comes cannot be broadcast. That ends the connection, as `Transport.close` does; where
   * nobody has decided yet whether it is let in, once that is decided.
   * @param why fit to be shown to the DJ
   */
  reject(why: string): void;
  /** The connection is over. */
  end(how: IngestEnd): void;
}

/** The way into a session of a connection that was let in. */
export interface AdmittedIngest extends Ingest {
  readonly sessionId: number;
  readonly sessionName: string;
}

/** Who says which connections may come in; doors ask by an `Admission`. */
export interface Doorkeeper {
  /**
   * Asks somebody else whether a connection may publish, where that is needed, and has what another
   * one sent be read before this one may take its place: then `publish` is for later, if it is still
   * there. Resolves to what it is `approved` by, rejects with {@link PublishRefused}.
   * @returns `undefined` where there is nothing to wait for
   * @throws {PublishRefused} where asking is of no use
   */
  ask(request: PublishRequest): Promise<Approval | undefined> | undefined;
  /** @throws {PublishRefused} */
  publish(request: PublishRequest): AdmittedIngest;
}
