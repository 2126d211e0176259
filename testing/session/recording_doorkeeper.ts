/** A doorkeeper that keeps all that a door tells it. */
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import {
  type AdmittedIngest,
  type Approval,
  type Doorkeeper,
  type IngestEnd,
  PublishRefused,
  type PublishRequest,
  type RefusalKind,
  type StreamFacts,
} from "../../src/session/ingest.ts";
import { isValidName } from "../../src/session/name.ts";
import type { Tags } from "../../src/session/tags.ts";

/** A frame as it was handed over, copied. */
export interface RecordedFrame {
  readonly data: Uint8Array;
  readonly timeMs: number | undefined;
}

/** Keeps what a door tells its session. */
export class RecordedIngest implements AdmittedIngest {
  readonly sessionId: number;
  readonly sessionName: string;
  readonly request: PublishRequest;
  readonly configs: AudioConfig[] = [];
  readonly frames: RecordedFrame[] = [];
  readonly recordedFacts: StreamFacts[] = [];
  readonly tags: (Tags & { readonly timeMs: number | undefined })[] = [];
  /** Why it was rejected. */
  readonly rejections: string[] = [];
  readonly ends: IngestEnd[] = [];
  badCount = 0;
  droppedCount = 0;
  /** How far the door is told that the source is ahead. */
  aheadMs = 0;
  #onChange = () => {};

  constructor(request: PublishRequest, sessionId: number) {
    this.request = request;
    this.sessionName = request.name;
    this.sessionId = sessionId;
  }

  configure(config: AudioConfig): void {
    this.configs.push(config);
    this.#onChange();
  }

  write(data: Uint8Array, timeMs: number | undefined): void {
    this.frames.push({ data: data.slice(), timeMs });
    this.#onChange();
  }

  lost(): void {}

  dropped(count: number): void {
    this.droppedCount += count;
    this.#onChange();
  }

  bad(count: number): void {
    this.badCount += count;
    this.#onChange();
  }

  facts(facts: StreamFacts): void {
    this.recordedFacts.push({ ...facts });
    this.#onChange();
  }

  metadata(tags: Tags, timeMs: number | undefined): void {
    this.tags.push({ ...tags, timeMs });
    this.#onChange();
  }

  /** As a session does, it has the door close the connection. */
  reject(why: string): void {
    this.rejections.push(why);
    this.request.transport.close(why);
    this.#onChange();
  }

  end(how: IngestEnd): void {
    this.ends.push(how);
    this.#onChange();
  }

  /** Resolves once `condition` holds; it is looked at after each call. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onChange = resolve;
      await promise;
    }
  }
}

/** Lets in whoever asks for a valid name, or refuses all; asks somebody else first if told so. */
export class RecordingDoorkeeper implements Doorkeeper {
  readonly ingests: RecordedIngest[] = [];
  /** Refuse everybody so. */
  refusal: RefusalKind | undefined;
  /** What somebody else answers, when it does. */
  question: PromiseWithResolvers<void> | undefined;
  readonly asked: PublishRequest[] = [];
  #onPublish = () => {};

  ask(request: PublishRequest): Promise<Approval> | undefined {
    if (this.question !== undefined) this.asked.push(request);
    return this.question?.promise.then(() => ({ name: request.name }));
  }

  publish(request: PublishRequest): RecordedIngest {
    if (this.refusal !== undefined) throw new PublishRefused(this.refusal, "Not today.");
    if (!isValidName(request.name)) throw new PublishRefused("invalid-name", "No such name.");
    const ingest = new RecordedIngest(request, this.ingests.length + 1);
    this.ingests.push(ingest);
    this.#onPublish();
    return ingest;
  }

  /** The `index`th accepted publish, once there is one. */
  async ingest(index = 0): Promise<RecordedIngest> {
    for (;;) {
      const ingest = this.ingests[index];
      if (ingest !== undefined) return ingest;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onPublish = resolve;
      await promise;
    }
  }
}
