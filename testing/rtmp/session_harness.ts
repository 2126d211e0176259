/** An RTMP session without a socket, its doorkeeper and its answers. */
import { isAmfObject } from "../../src/rtmp/amf_value.ts";
import type { UnusedMessage } from "../../src/rtmp/message.ts";
import { RtmpSession, type RtmpSessionOptions } from "../../src/rtmp/rtmp_session.ts";
import { Admission } from "../../src/session/admission.ts";
import {
  type Answer,
  AnswerReader,
  clientHello,
  EncoderMessages,
  HANDSHAKE_SIZE,
} from "./encoder_messages.ts";
import type { Transport } from "../../src/session/ingest.ts";
import { FakeClock } from "../fake_clock.ts";
import { type RecordedIngest, RecordingDoorkeeper } from "../session/recording_doorkeeper.ts";

/** AAC-LC, 48 kHz, stereo. */
export const ASC = Uint8Array.of(0x11, 0x90);

/** Within which audio has to come, in milliseconds. */
export const AUDIO_TIMEOUT_MS = 10_000;

/** A session without a socket, its doorkeeper and what it answered. */
export class SessionHarness {
  readonly clock = new FakeClock();
  readonly doorkeeper = new RecordingDoorkeeper();
  readonly answers: Answer[] = [];
  readonly encoder = new EncoderMessages();
  readonly session: RtmpSession;
  /** Messages that were passed over. */
  readonly unused: UnusedMessage[] = [];
  /** What the session threw where it was answered later. */
  #failure: unknown;
  #skip = 1 + 2 * HANDSHAKE_SIZE;

  constructor({ asksToReconnect }: Pick<RtmpSessionOptions, "asksToReconnect"> = {}) {
    const reader = new AnswerReader((answer) => this.answers.push(answer));
    const transport: Transport = {
      protocol: "rtmp",
      address: "192.0.2.1",
      close: (why) => {
        this.session.dismiss(why);
        this.session.close();
      },
    };
    this.session = new RtmpSession({
      publish: (target) => {
        const admission = new Admission({
          clock: this.clock,
          doorkeeper: this.doorkeeper,
          audioTimeoutMs: AUDIO_TIMEOUT_MS,
          seen: () => this.session.seen,
          request: () => ({ ...target, transport }),
          onAdmitted: () => this.#tell(() => this.session.accept()),
          onRefused: (why) => this.#tell(() => this.session.refuse(why)),
        });
        admission.enter();
        return admission;
      },
      send: (bytes) => {
        const handshake = Math.min(this.#skip, bytes.length);
        this.#skip -= handshake;
        reader.feed(bytes.subarray(handshake));
      },
      onUnused: (message) => this.unused.push(message),
      asksToReconnect,
    });
  }

  /** Behind the handshake. */
  static shaken(options?: Pick<RtmpSessionOptions, "asksToReconnect">): SessionHarness {
    const harness = new SessionHarness(options);
    const hello = clientHello();
    harness.feed(hello, hello.subarray(1));
    return harness;
  }

  /** Behind an accepted publish of `demo`, with the configuration sent. */
  static publishing(): SessionHarness {
    const harness = SessionHarness.shaken();
    const { encoder } = harness;
    harness.feed(encoder.connect("demo"), encoder.createStream(), encoder.publish("sesame"));
    harness.feed(encoder.config(ASC));
    return harness;
  }

  /** Behind a publish of `demo` that is not answered yet. */
  static asking(): SessionHarness {
    const harness = SessionHarness.shaken();
    const { encoder } = harness;
    harness.doorkeeper.question = Promise.withResolvers();
    harness.feed(encoder.connect("demo"), encoder.createStream(), encoder.publish("sesame"));
    return harness;
  }

  /**
   * Has the publish answered as the doorkeeper does.
   * @throws what the session does
   */
  async answer(): Promise<void> {
    this.doorkeeper.question?.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    if (this.#failure !== undefined) throw this.#failure;
  }

  get ingest(): RecordedIngest {
    const [ingest] = this.doorkeeper.ingests;
    if (ingest === undefined) throw new Error("nothing was published");
    return ingest;
  }

  /** Codes of the `onStatus` answers so far. */
  get statuses(): unknown[] {
    return this.#infos().map(({ code }) => code);
  }

  get descriptions(): unknown[] {
    return this.#infos().map(({ description }) => description);
  }

  feed(...parts: Uint8Array[]): void {
    for (const part of parts) this.session.feed(part);
  }

  /** Of an answer that comes later, nobody would see what it throws. */
  #tell(step: () => void): void {
    if (this.doorkeeper.question === undefined) return step();
    try {
      step();
    } catch (error) {
      this.#failure = error;
    }
  }

  #infos() {
    return this.answers.filter(({ values }) => values[0] === "onStatus")
      .map(({ values }) => values[3]).filter(isAmfObject);
  }
}
