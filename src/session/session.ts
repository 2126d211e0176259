/**
 * A broadcast under a name: who publishes into it, whether it is on air, and which outputs it feeds.
 *
 * @module
 */
import type { AudioFacts } from "./audio_facts.ts";
import type { Clock, Timer } from "./clock.ts";
import { Connection } from "./connection.ts";
import { Continuity, type StateNeed } from "./continuity.ts";
import type { SoundFacts } from "./dead_air.ts";
import {
  type EventBus,
  type EventDetails,
  type EventKind,
  type InputQuality,
  sessionEvent,
} from "./events.ts";
import { Feed } from "./feed.ts";
import type { FrameSink, SessionEnd } from "./frame_sink.ts";
import type { AdmittedIngest, IngestEnd, Protocol, StreamFacts, Transport } from "./ingest.ts";
import { Moment } from "./moment.ts";
import { type Reason, SERVER_REASON, UNKNOWN_REASON } from "./reason.ts";
import { SessionInput } from "./session_input.ts";
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
}

/** One broadcast of one name: who sends it, what state it is in, and where its frames go. */
export class Session {
  readonly id: number;
  readonly name: string;
  /** What the client said of itself when it published. */
  props: Readonly<Record<string, string>> = {};
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #policy: SessionPolicy;
  readonly #outputs: () => readonly Output[];
  readonly #onEnd: (session: Session) => void;
  readonly #feed: Feed;
  readonly #continuity: Continuity;
  readonly #input: SessionInput;
  #protocol: Protocol;
  #state: SessionState = "init";
  #connection: Connection | undefined;
  #created: Moment | undefined;
  #waitTimer: Timer | undefined;
  #deadline: Timer | undefined;
  #deadlineAt = -Infinity;
  #announced: Reason | undefined;
  #unheardWaitMs: number;

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.name = options.name;
    this.#protocol = options.protocol;
    this.#clock = options.clock;
    this.#events = options.events;
    this.#policy = options.policy;
    this.#unheardWaitMs = options.policy.unheardWaitMs;
    this.#outputs = options.outputs;
    this.#onEnd = options.onEnd;
    this.#feed = new Feed(this, options.clock, options.policy.timeline, ({ title, artist }) => {
      this.#emit("metadata", { title: title ?? null, artist: artist ?? null });
    });
    this.#input = new SessionInput({
      owner: this,
      clock: options.clock,
      feed: this.#feed,
      deadAir: options.policy.deadAir,
      onFirstFrame: () => {
        if (this.#state !== "publishing") this.#goOnAir();
      },
      onDeadAir: (levelDb) => this.#emit("dead-air", { levelDb }),
      onSound: (silentMs) => this.#emit("sound", { silentMs }),
      onReject: (why) => this.#reject(why),
    });
    this.#continuity = new Continuity({
      clock: options.clock,
      feed: this.#feed,
      holdMs: options.policy.holdMs,
      silentForMs: () => this.silentForMs,
    });
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
    return this.#input.streamFacts;
  }

  /** What the audio is that it sends; `undefined` before the first frame. */
  get audio(): AudioFacts | undefined {
    return this.#input.audio;
  }

  /** Whether what it sends is to be heard. */
  get sound(): SoundFacts {
    return this.#input.sound;
  }

  /** Title and artist of what is heard; `undefined` where nobody has told any. */
  get tags(): PlacedTags | undefined {
    return this.#feed.tags;
  }

  /** The connection that may send, if there is one. */
  get transport(): Transport | undefined {
    return this.#connection?.transport;
  }

  get quality(): InputQuality {
    return this.#feed.quality;
  }

  /** Bytes of all frames that arrived. */
  get inputBytes(): number {
    return this.#feed.inputBytes;
  }

  /**
   * Milliseconds since the connection's last audio frame, or since it came, on {@link Clock.awake};
   * `Infinity` before.
   */
  get silentForMs(): number {
    return this.#input.silentForMs;
  }

  /** When its first audio frame came; `undefined` before. */
  get created(): Moment | undefined {
    return this.#created;
  }

  /** Whether its transport has been gone for longer than the hold, so that nothing is put out. */
  get standsStill(): boolean {
    return this.#continuity.standsStill;
  }

  /** The session waits for its transport from now on. */
  ready(protocol: Protocol, waitMs: number = this.#policy.firstWaitMs): void {
    this.#protocol = protocol;
    this.#unheardWaitMs = waitMs;
    if (this.#state === "init") this.#state = "ready";
    if (this.#connection === undefined) this.#wait(waitMs);
  }

  /** Ends the session at `at` (on {@link Clock.monotonic}), or later if it was told so before. */
  endAt(at: number): void {
    if (at <= this.#deadlineAt) return;
    this.#deadlineAt = at;
    this.#deadline?.cancel();
    this.#deadline = at === Infinity ? undefined : this.#clock.at(
      at,
      () => this.end("teardown", SERVER_REASON),
    );
  }

  /** Lets `transport`, which is `client`'s, send from now on, instead of the one that did before. */
  attach(transport: Transport, client: string): AdmittedIngest {
    if (this.#state === "terminated") throw new Error(`Cannot attach to ${this.name}: it is over`);
    if (this.#state === "init") this.#state = "ready";
    this.#drop("another connection took over");
    this.#waitTimer?.cancel();
    this.#continuity.catchUp();
    this.#protocol = transport.protocol;
    this.#input.restart(client);
    const connection = new Connection({
      session: this,
      transport,
      input: this.#input,
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
    this.#feed.setTags(tags);
  }

  /**
   * Ends the session and lets its transport go. After a goodbye, outputs that need it still get
   * silence.
   */
  end(how: SessionEnd, reason: Reason): void {
    if (this.#state === "terminated") return;
    this.#drop(reason.message);
    this.#state = "terminated";
    for (const timer of [this.#waitTimer, this.#deadline]) timer?.cancel();
    if (how === "finished") {
      this.#continuity.goodbye();
      this.#feed.goodbye();
    } else {
      this.#continuity.end();
      this.#feed.end(how);
    }
    this.#emit("release", { reason });
    this.#onEnd(this);
  }

  #goOnAir(): void {
    const resumed = this.#state === "paused";
    this.#state = "publishing";
    this.#continuity.goOn();
    if (resumed) this.#emit("resume", { reason: this.#takeAnnounced() });
    if (this.#created !== undefined) return;
    this.#created = new Moment(this.#clock);
    this.#emit("create", { address: this.transport?.address ?? "" });
    for (const output of this.#outputs()) {
      this.#feed.add(() => output(this, this.#continuity.addOutput()));
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
      this.#continuity.hold();
    }
    const heard = this.#created !== undefined;
    this.#wait(heard ? this.#policy.waitMs[this.#protocol] : this.#unheardWaitMs);
  }

  #wait(ms: number): void {
    this.#waitTimer?.cancel();
    this.#waitTimer = this.#clock.after(ms, () => this.end("lost", SERVER_REASON));
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
    this.#events.emit(sessionEvent(this, kind, this.#clock.now(), details));
  }
}
