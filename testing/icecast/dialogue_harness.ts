/** A dialogue at the source port without a socket: its doorkeeper, its answers, what it is asked. */
import { Buffer } from "node:buffer";
import { IcecastSession } from "../../src/icecast/icecast_session.ts";
import type { MountRequest } from "../../src/icecast/mount_listeners.ts";
import { ShoutcastSession } from "../../src/icecast/shoutcast_session.ts";
import type { SourceDialogue } from "../../src/icecast/source_dialogue.ts";
import { Admission } from "../../src/session/admission.ts";
import type { Transport } from "../../src/session/ingest.ts";
import type { Tags } from "../../src/session/tags.ts";
import type { PublishTarget } from "../../src/session/typed_text.ts";
import { FakeClock } from "../fake_clock.ts";
import { type RecordedIngest, RecordingDoorkeeper } from "../session/recording_doorkeeper.ts";

/** Somebody who told what is heard. */
export interface ToldTitle {
  readonly target: PublishTarget;
  readonly tags: Tags;
}

/** A dialogue without a socket, its doorkeeper and what it answered. */
export class DialogueHarness {
  readonly clock = new FakeClock();
  readonly doorkeeper = new RecordingDoorkeeper();
  readonly dialogue: SourceDialogue;
  readonly titles: ToldTitle[] = [];
  /** Receivers that were handed on. */
  readonly receivers: MountRequest[] = [];
  /** Whether somebody serves receivers. */
  servesReceivers = true;
  readonly #sent: Uint8Array[] = [];

  constructor(speaks: "Icecast" | "Shoutcast" = "Icecast") {
    const transport: Transport = {
      protocol: "icecast",
      address: "192.0.2.1",
      close: (why) => {
        this.dialogue.dismiss(why);
        this.dialogue.close();
      },
    };
    const Dialogue = speaks === "Icecast" ? IcecastSession : ShoutcastSession;
    this.dialogue = new Dialogue({
      publish: (target) => {
        const admission = new Admission({
          clock: this.clock,
          doorkeeper: this.doorkeeper,
          audioTimeoutMs: 10_000,
          seen: () => this.dialogue.seen,
          request: () => ({ ...target, transport }),
          onAdmitted: () => this.dialogue.accept(),
          onHandedOn: () => this.dialogue.handedOn(),
          onRefused: (why) => this.dialogue.refuse(why),
        });
        admission.enter();
        return admission;
      },
      tag: (target, tags) => this.titles.push({ target, tags }),
      status: (asked) => {
        if (asked === undefined) return "{}";
        const { name, user, key } = asked;
        return JSON.stringify({ name, user, key });
      },
      listen: (request) => {
        if (this.servesReceivers) this.receivers.push(request);
        return this.servesReceivers;
      },
      send: (bytes) => this.#sent.push(bytes),
    });
  }

  /** All that was answered. */
  get answers(): string {
    return Buffer.concat(this.#sent).toString();
  }

  /** The statuses of all answers, in order. */
  get statuses(): number[] {
    return [...this.answers.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => {
      return Number(status);
    });
  }

  /** The first publish that was let in. */
  get ingest(): RecordedIngest {
    const [ingest] = this.doorkeeper.ingests;
    if (ingest === undefined) throw new Error("nothing was published");
    return ingest;
  }

  /** Texts are taken as bytes, a character each. */
  feed(...parts: readonly (string | Uint8Array)[]): void {
    for (const part of parts) {
      this.dialogue.feed(typeof part === "string" ? Buffer.from(part, "latin1") : part);
    }
  }
}

/** What stands in a head for a user and a password. */
export function basic(user: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString("base64")}\r\n`;
}
