/** Many DJs by RTMP, whose encoders connect again, to another box, when they are let go. */
import { PublishFailed, RtmpPublisher } from "../rtmp/rtmp_publisher.ts";
import { pauseUnless } from "./pause_unless.ts";
import type { Place } from "./link.ts";

/** As encoders do, and far quicker than most. */
const RECONNECT_MS = 1000;
/** So often frames are sent, several at a time. */
const TICK_MS = 100;
/** AAC-LC, 48 kHz, stereo: ISO/IEC 14496-3 1.6.2.1. */
export const ASC = Uint8Array.of(0x11, 0x90);
export const FRAME_MS = 1024 / 48;
/** A channel pair, and noise: no server decodes it. */
export const FRAME = Uint8Array.from({ length: 171 }, (_, i) => i === 0 ? 0x21 : (i * 89) & 0xff);
const ENDS = [
  PublishFailed,
  Deno.errors.BadResource,
  Deno.errors.BrokenPipe,
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
];

/** DJs who publish a name each. Gone at its disposal. */
export class RtmpCrowd implements AsyncDisposable {
  readonly #places: readonly Place[];
  readonly #disposed = new AbortController();
  readonly #running: Promise<unknown>;
  /** How long each has been away at most, in milliseconds. */
  readonly #longestAwayMs = new Map<string, number>();
  #reconnects = 0;

  /** @param places where RTMP is taken; each DJ begins at another one */
  constructor(names: readonly string[], places: readonly Place[]) {
    this.#places = places;
    this.#running = Promise.all(names.map((name, i) => this.#run(name, i)));
  }

  /** How often DJs have come back so far. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** How long the DJ of a name was away at most so far: from his last frame to the next one. */
  longestAwayMs(name: string): number {
    return this.#longestAwayMs.get(name) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    await this.#running;
  }

  async #run(name: string, first: number): Promise<void> {
    const { signal } = this.#disposed;
    let sentAt: number | undefined;
    for (let at = first; !signal.aborted; at++) {
      const place = this.#places[at % this.#places.length];
      if (place === undefined) throw new Error("there is nowhere to publish");
      try {
        const publisher = await this.#publish(name, place);
        if (sentAt !== undefined) this.#isBack(name, performance.now() - sentAt);
        sentAt = await this.#send(publisher);
      } catch (error) {
        if (!ENDS.some((kind) => error instanceof kind)) throw error;
      }
      await pauseUnless(signal, RECONNECT_MS);
    }
  }

  async #publish(name: string, place: Place): Promise<RtmpPublisher> {
    const publisher = await RtmpPublisher.connect({ ...place, app: "live" });
    try {
      await publisher.publish(name);
      await publisher.sendConfig(ASC);
      return publisher;
    } catch (error) {
      await publisher.vanish();
      throw error;
    }
  }

  /** Sends in real time until the connection ends. @returns when that was */
  async #send(publisher: RtmpPublisher): Promise<number> {
    const { signal } = this.#disposed;
    const startedAt = performance.now();
    let hasEnded = false;
    const ended = publisher.ended().then(() => {
      hasEnded = true;
    });
    try {
      for (let frame = 0; !hasEnded && !signal.aborted;) {
        for (; frame * FRAME_MS < performance.now() - startedAt; frame++) {
          await publisher.sendFrame(FRAME, Math.round(frame * FRAME_MS));
        }
        await Promise.race([ended, pauseUnless(signal, TICK_MS)]);
      }
    } catch (error) {
      if (!ENDS.some((kind) => error instanceof kind)) throw error;
    } finally {
      await publisher.vanish();
    }
    return performance.now();
  }

  #isBack(name: string, awayMs: number): void {
    this.#reconnects++;
    this.#longestAwayMs.set(name, Math.max(this.longestAwayMs(name), awayMs));
  }
}
