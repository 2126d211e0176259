/**
 * A broadcast under a name: who publishes into it, whether it is on air, and which outputs it feeds.
 *
 * @module
 */
import type { AudioFacts } from "./audio_facts.ts";
import { AudioPath } from "./audio_path.ts";
import type { CarriedSession } from "./carried_session.ts";
import type { Clock } from "./clock.ts";
import { Connection } from "./connection.ts";
import type { StateNeed } from "./continuity.ts";
import type { SoundFacts } from "./dead_air.ts";
import {
  type EventBus,
  type EventDetails,
  type EventKind,
  type InputQuality,
  sessionEvent,
} from "./events.ts";
import type { FallbackFacts } from "./fallback_player.ts";
import type { FrameSink, SessionEnd } from "./frame_sink.ts";
import type { AdmittedIngest, IngestEnd, Protocol, StreamFacts, Transport } from "./ingest.ts";
import { Lifetime } from "./lifetime.ts";
import { Moment } from "./moment.ts";
import { type Reason, SERVER_REASON, UNKNOWN_REASON } from "./reason.ts";
import type { SessionPolicy } from "./session_policy.ts";
import type { PlacedTags, Tags } from "./tags.ts";

/** In the order in which a session goes through them; `publishing` and `paused` alternate. */
export type SessionState = "init" | "ready" | "publishing" | "paused" | "terminated";

/**
 * Makes what takes a session's frames; called when its first audio frame arrives. An output that has
 * to have frames in time states that by `stateNeed`.
 */
export type Output = (session: Session, stateNeed: StateNeed) => FrameSink;

export interface SessionOptions {
  readonly id: number;
  readonly name: string;
  readonly protocol: Protocol;
  readonly clock: Clock;
  readonly events: EventBus;
  readonly policy: SessionPolicy;
  /** Asked for when the first audio frame arrives. */
  readonly outputs: () => readonly Output[];
  /** Called once, when the session has ended. */
  readonly onEnd: (session: Session) => void;
  /** What another box has begun; `undefined` where it begins here. */
  readonly carried?: CarriedSession | undefined;
}

/** One broadcast of one name: who sends it, what state it is in, and where its frames go. */
export class Session {
  readonly id: number;
  readonly name: string;
  /** What the client said of itself when it published. */
  props: Readonly<Record<string, string>> = {};
  readonly #options: SessionOptions;
  readonly #audio: AudioPath;
  readonly #lifetime: Lifetime;
  #protocol: Protocol;
  #state: SessionState = "init";
  #connection: Connection | undefined;
  #created: Moment | undefined;
  /** Whether it is heard here, so that its outputs are there. */
  #isOnAir = false;
  #announced: Reason | undefined;
  #unheardWaitMs: number;

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.name = options.name;
    this.#protocol = options.protocol;
    this.#options = options;
    const { clock, policy, carried } = options;
    this.#unheardWaitMs = policy.unheardWaitMs;
    this.#lifetime = new Lifetime({
      clock,
      onLost: () => this.end("lost", SERVER_REASON),
      onDeadline: () => this.end("teardown", SERVER_REASON),
    });
    this.#audio = new AudioPath({
      ...{ owner: this, clock, policy },
      onTags: ({ title = null, artist = null }) => this.#emit("metadata", { title, artist }),
      onFirstFrame: () => this.#goOnAir(),
      onDeadAir: (levelDb) => this.#emit("dead-air", { levelDb }),
      onSound: (silentMs) => this.#emit("sound", { silentMs }),
      onReject: (why) => this.#reject(why),
      onFallback: (why) => this.#emit("fallback-start", { why }),
      onFallbackEnd: (why, end) => {
        this.#emit("fallback-end", { why, end });
        if (end === "limit" && this.#state === "paused") this.#hold();
      },
    });
    if (carried !== undefined) this.#carryOn(carried);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** That of the connection it has, had last, or waits for. */
  get protocol(): Protocol {
    return this.#protocol;
  }

  /** What the encoder said of its stream. */
  get streamFacts(): StreamFacts {
    return this.#audio.input.streamFacts;
  }

  /** What the audio is that it sends; `undefined` before the first frame. */
  get audio(): AudioFacts | undefined {
    return this.#audio.input.audio;
  }

  /** Whether what it sends is to be heard. */
  get sound(): SoundFacts {
    return this.#audio.input.sound;
  }

  /** Title and artist of what is heard; `undefined` where nobody has told any. */
  get tags(): PlacedTags | undefined {
    return this.#audio.feed.tags;
  }

  /** The connection that may send, if there is one. */
  get transport(): Transport | undefined {
    return this.#connection?.transport;
  }

  get quality(): InputQuality {
    return this.#audio.feed.quality;
  }

  /** Bytes of all frames that arrived. */
  get inputBytes(): number {
    return this.#audio.feed.inputBytes;
  }

  /** Milliseconds since the connection's last frame, or since it came, on {@link Clock.awake}. */
  get silentForMs(): number {
    return this.#audio.input.silentForMs;
  }

  /** For how long its DJ may be away, in milliseconds. */
  get holdMs(): number {
    const { waitMs } = this.#options.policy;
    return this.#created === undefined ? this.#unheardWaitMs : waitMs[this.#protocol];
  }

  /** When its first audio frame came, here or at another box; `undefined` before. */
  get created(): Moment | undefined {
    return this.#created;
  }

  /** Whether its transport has been gone for longer than the hold, also where a fallback is heard. */
  get isAbandoned(): boolean {
    return this.#audio.standsStill || this.#state === "paused" && this.#audio.outlastsHold;
  }

  /** Whether its fallback is heard. */
  get fallback(): FallbackFacts {
    return this.#audio.fallback;
  }

  /** Frames of its fallback that were put in. */
  get fallbackFrames(): number {
    return this.#audio.feed.standInFrames;
  }

  /** The session waits for its transport from now on. */
  ready(protocol: Protocol, waitMs: number = this.#options.policy.firstWaitMs): void {
    this.#protocol = protocol;
    this.#unheardWaitMs = waitMs;
    if (this.#state === "init") this.#state = "ready";
    if (this.#connection !== undefined || this.#audio.fallback.standsIn) return;
    this.#lifetime.await(waitMs);
  }

  /** Ends the session at `at` (on {@link Clock.monotonic}), or later if it was told so before. */
  endAt(at: number): void {
    this.#lifetime.endAt(at);
  }

  /** Lets `transport`, which is `client`'s, send from now on, instead of the one that did before. */
  attach(transport: Transport, client: string): AdmittedIngest {
    if (this.#state === "terminated") throw new Error(`Cannot attach to ${this.name}: it is over`);
    if (this.#state === "init") this.#state = "ready";
    this.#drop("another connection took over");
    this.#lifetime.stopWaiting();
    this.#protocol = transport.protocol;
    this.#audio.restart(client);
    const connection = new Connection({
      ...{ session: this, transport, input: this.#audio.input },
      onReject: (why) => this.#reject(why),
      onEnd: (how) => this.#disconnected(how),
    });
    this.#connection = connection;
    return connection;
  }

  /** The reason that goes with the next pause or resume. */
  announce(reason: Reason): void {
    this.#announced = reason;
  }

  /** What is heard from now on, whatever its encoder has told. */
  setTags(tags: Tags): void {
    this.#audio.feed.setTags(tags);
  }

  /** Ends the session and lets its transport go. After a goodbye, outputs may still get silence. */
  end(how: SessionEnd, reason: Reason): void {
    if (this.#state === "terminated") return;
    this.#drop(reason.message);
    this.#state = "terminated";
    this.#lifetime.end();
    this.#audio.end(how);
    this.#emit("release", { reason, ...how === "moved" && { goesOn: true } });
    this.#options.onEnd(this);
  }

  #carryOn({ props, createdAtMs, isPaused, holdMs }: CarriedSession): void {
    this.props = props;
    this.#state = isPaused ? "paused" : "ready";
    this.#lifetime.await(holdMs);
    if (createdAtMs !== undefined) this.#created = new Moment(this.#options.clock, createdAtMs);
  }

  #goOnAir(): void {
    if (this.#state === "publishing") return;
    const resumed = this.#state === "paused";
    this.#state = "publishing";
    this.#audio.goOn();
    if (resumed) this.#emit("resume", { reason: this.#takeAnnounced() });
    if (this.#isOnAir) return;
    this.#isOnAir = true;
    const goesOn = this.#created !== undefined;
    this.#created ??= new Moment(this.#options.clock);
    this.#emit("create", { address: this.transport?.address ?? "", ...goesOn && { goesOn } });
    for (const output of this.#options.outputs()) {
      this.#audio.add((stateNeed) => output(this, stateNeed));
    }
  }

  #disconnected(how: IngestEnd): void {
    this.#connection = undefined;
    this.#reportQuality();
    if (how === "finished") this.end("finished", UNKNOWN_REASON);
    else this.#pause();
  }

  /** Ends a connection of which nothing can be broadcast; another one may come. */
  #reject(why: string): void {
    this.#emit("input-error", { message: why });
    this.#drop(why);
    this.#pause();
  }

  #pause(): void {
    if (this.#state === "publishing") {
      this.#state = "paused";
      this.#emit("pause", { reason: this.#takeAnnounced() });
      this.#audio.lose();
    }
    if (!this.#audio.fallback.standsIn) this.#lifetime.await(this.holdMs);
  }

  /** Nothing stands in for its DJ any more. */
  #hold(): void {
    this.#audio.hold();
    if (this.#connection === undefined) this.#lifetime.await(this.holdMs);
  }

  /** Closes the connection there is, if any, without a change of state. */
  #drop(why: string): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    connection.release(why);
    this.#reportQuality();
  }

  #reportQuality(): void {
    if (this.#created !== undefined) this.#emit("input-quality", { quality: this.quality });
  }

  #takeAnnounced(): Reason {
    const reason = this.#announced ?? UNKNOWN_REASON;
    this.#announced = undefined;
    return reason;
  }

  #emit<K extends EventKind>(kind: K, details: EventDetails[K]): void {
    this.#options.events.emit(sessionEvent(this, kind, this.#options.clock.now(), details));
  }
}
