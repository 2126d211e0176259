/**
 * When a change of the source's configuration takes effect. Each one costs every output something,
 * such as a file, so there must not be one with each frame.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { codecOf } from "../audio/codec_of.ts";

/** What is to be done with a frame; `too many`: its sender changes too often. */
export type ChangeVerdict = "in effect" | "waits" | "too many";

export interface ConfigurationChangesOptions {
  /** Called with the frame from which on a configuration is in effect. */
  readonly onEffect: (config: AudioConfig) => void;
  /** Called with the first frame that waits for its configuration to take effect. */
  readonly onWait: () => void;
}

/** How far the configuration has come that was told last. */
type State = "none" | "told" | Exclude<ChangeVerdict, "too many">;

/**
 * Decides on each frame whether the configuration that it came with takes effect. Configurations
 * without frames do not count, nor does one with which the decoder goes on. The first change takes
 * effect at once, another one {@link CHANGE_GAP_MS} after it at the earliest: a change and back is
 * fine. It holds no audio and reads no clock; its times are of one that never jumps, in milliseconds.
 */
export class ConfigurationChanges {
  readonly #options: ConfigurationChangesOptions;
  #state: State = "none";
  /** What was told last. */
  #told: AudioConfig | undefined;
  /** That of the last frame, with all that is known of it. */
  #sent: AudioConfig | undefined;
  /** The one in effect, with all that is known of it. */
  #inEffect: AudioConfig | undefined;
  /** When the last change took effect. */
  #changedAt = -Infinity;
  /** Whose source it is. */
  #client: string | undefined;
  /** When the sources of each client changed within {@link CHANGES_MS}, the latest last. */
  readonly #changes = new Map<string | undefined, readonly number[]>();

  constructor(options: ConfigurationChangesOptions) {
    this.#options = options;
  }

  /** The configuration of what is heard; `undefined` before the first frame. */
  get inEffect(): AudioConfig | undefined {
    return this.#inEffect;
  }

  /** How long a frame is that comes, in milliseconds. */
  get frameMs(): number {
    const { samplesPerFrame, sampleRate } = this.#told ?? { samplesPerFrame: 0, sampleRate: 1 };
    return samplesPerFrame * 1000 / sampleRate;
  }

  /**
   * A source of `client` sends from now on. How often it changes is counted for each client, so that
   * nobody pays for who had the place before him, and who comes back goes on counting. Who can come
   * back as another client is held by {@link CHANGE_GAP_MS} alone, as that counts for all.
   */
  restart(client: string): void {
    if (client !== this.#client) this.#sent = undefined;
    this.#client = client;
  }

  /** Takes note of the configuration of the frames that follow. */
  tell(config: AudioConfig): void {
    this.#told = config;
    this.#state = "told";
  }

  /**
   * Decides on a frame that has arrived.
   * @throws where no configuration was told
   */
  decide(nowMs: number): ChangeVerdict {
    if (this.#state === "in effect") return this.#state;
    const config = this.#told;
    if (config === undefined) throw new Error("Cannot take a frame before its configuration");
    if (this.#state === "told" && this.#isTooOften(config, nowMs)) return "too many";
    if (this.#mayTakeEffect(config, nowMs)) {
      this.#state = "in effect";
      this.#options.onEffect(config);
      return "in effect";
    }
    if (this.#state === "told") this.#options.onWait();
    this.#state = "waits";
    return "waits";
  }

  /** Takes note of what the source sends, and says whether it has changed too often. */
  #isTooOften(config: AudioConfig, nowMs: number): boolean {
    const before = this.#sent;
    const continued = continuation(before, config);
    this.#sent = continued ?? config;
    if (before === undefined || continued !== undefined) return false;
    for (const [client, changes] of this.#changes) {
      const counted = changes.filter((at) => nowMs - at < CHANGES_MS);
      if (counted.length > 0) this.#changes.set(client, counted);
      else this.#changes.delete(client);
    }
    const changes = [...this.#changes.get(this.#client) ?? [], nowMs].slice(-MAX_CHANGES);
    this.#changes.set(this.#client, changes);
    return changes.length >= MAX_CHANGES;
  }

  #mayTakeEffect(config: AudioConfig, nowMs: number): boolean {
    const before = this.#inEffect;
    const continued = continuation(before, config);
    if (before !== undefined && continued === undefined) {
      if (nowMs - this.#changedAt < CHANGE_GAP_MS) return false;
      this.#changedAt = nowMs;
    }
    this.#inEffect = continued ?? config;
    return true;
  }
}

/** How long after a change the next one takes effect, at the earliest. */
export const CHANGE_GAP_MS = 5000;
/** So many changes … */
export const MAX_CHANGES = 10;
/** … within this time are too many. */
export const CHANGES_MS = 60_000;

/** @returns `undefined` where the decoder of `before` cannot go on */
function continuation(
  before: AudioConfig | undefined,
  now: AudioConfig,
): AudioConfig | undefined {
  return before === undefined ? undefined : codecOf(now).continuation(before, now);
}
