/** Encoders that send a replay's broadcasts by RTMP and SRT, in step with the server's clock. */
import { concat } from "../bytes.ts";
import type { SrtCallers } from "../srt/srt_callers.ts";
import { RtmpPublisher } from "../rtmp/rtmp_publisher.ts";
import type { ReplayedServer } from "./replayed_server.ts";
import type { Source, TransportUnit } from "./sources.ts";

/** How many frames the sessions of a replay have had so far, by name. */
export class FrameCounts {
  readonly #byName = new Map<string, number>();

  /** Counts `frames` more of `name`. @returns how many there are now */
  add(name: string, frames: number): number {
    const count = (this.#byName.get(name) ?? 0) + frames;
    this.#byName.set(name, count);
    return count;
  }

  /** A new session counts from 0. */
  restart(name: string): void {
    this.#byName.delete(name);
  }
}

/** One connection of an encoder, in step with a server. */
export interface Encoder {
  /** Sends `frames` frames, each when its time has come. */
  play(frames: number): Promise<void>;
  /** Goes without a word. */
  vanish(): Promise<void>;
}

/** An encoder that publishes `name` by RTMP. */
export class RtmpEncoder implements Encoder {
  readonly #server: ReplayedServer;
  readonly #counts: FrameCounts;
  readonly #name: string;
  readonly #publisher: RtmpPublisher;
  #source: Source;
  #next = 0;
  #timeMs = 0;

  private constructor(
    server: ReplayedServer,
    counts: FrameCounts,
    name: string,
    publisher: RtmpPublisher,
    source: Source,
  ) {
    this.#server = server;
    this.#counts = counts;
    this.#name = name;
    this.#publisher = publisher;
    this.#source = source;
  }

  static async connect(
    server: ReplayedServer,
    counts: FrameCounts,
    name: string,
    source: Source,
  ): Promise<RtmpEncoder> {
    const publisher = await RtmpPublisher.connect({ ...server.rtmp, app: "live" });
    await publisher.publish(name);
    const encoder = new RtmpEncoder(server, counts, name, publisher, source);
    await encoder.switchTo(source);
    return encoder;
  }

  /** Sends another configuration, whose frames follow. */
  async switchTo(source: Source): Promise<void> {
    this.#source = source;
    await this.#publisher.sendConfig(source.asc, Math.round(this.#timeMs));
  }

  /** Source time goes on without audio, as where the encoder lost it. */
  skip(ms: number): void {
    this.#timeMs += ms;
  }

  async play(frames: number): Promise<void> {
    const { units, frameMs } = this.#source;
    for (let i = 0; i < frames; i++) {
      const unit = units[this.#next++ % units.length] ?? new Uint8Array(0);
      await this.#publisher.sendFrame(unit, Math.round(this.#timeMs));
      await this.#server.arrived(this.#name, this.#counts.add(this.#name, 1));
      this.#timeMs += frameMs;
      await this.#server.pass(frameMs);
    }
  }

  /** Says goodbye as encoders do. */
  async finish(): Promise<void> {
    await this.#publisher.finish();
    await this.#server.disconnected(this.#name);
  }

  async vanish(): Promise<void> {
    await this.#publisher.vanish();
    await this.#server.disconnected(this.#name);
  }
}

/** Messages that an encoder sends by SRT, and how many frames each group of them completes. */
export interface SrtStep {
  readonly messages: readonly Uint8Array[];
  readonly frames: number;
  /** How many of them show to be whole with the next step only. */
  readonly held: number;
}

const PACKETS_A_MESSAGE = 7;

/** MPEG-TS, as OBS and FFmpeg send it. */
export function transportSteps(units: readonly TransportUnit[]): SrtStep[] {
  return units.map(({ packets, frames }, index) => {
    const messages: Uint8Array[] = [];
    for (let at = 0; at < packets.length; at += PACKETS_A_MESSAGE) {
      messages.push(concat(packets.slice(at, at + PACKETS_A_MESSAGE)));
    }
    // The first frame counts once a second one follows it.
    return { messages, frames, held: index === 1 ? 1 : 0 };
  });
}

/** ADTS, a frame a message, as Echo's mobile clients send it. */
export function adtsSteps({ adts }: Source): SrtStep[] {
  return adts.map((frame) => ({ messages: [frame], frames: 1, held: 0 }));
}

/** An encoder that publishes `name` to the shared SRT port. */
export class SrtEncoder implements Encoder {
  readonly #server: ReplayedServer;
  readonly #counts: FrameCounts;
  readonly #name: string;
  readonly #frameMs: number;
  readonly #steps: readonly SrtStep[];
  readonly #caller: Awaited<ReturnType<SrtCallers["connect"]>>;
  #next = 0;

  private constructor(
    server: ReplayedServer,
    counts: FrameCounts,
    name: string,
    caller: Awaited<ReturnType<SrtCallers["connect"]>>,
    steps: readonly SrtStep[],
    frameMs: number,
  ) {
    this.#server = server;
    this.#counts = counts;
    this.#name = name;
    this.#caller = caller;
    this.#steps = steps;
    this.#frameMs = frameMs;
  }

  static async connect(
    server: ReplayedServer,
    counts: FrameCounts,
    callers: SrtCallers,
    name: string,
    steps: readonly SrtStep[],
    frameMs: number,
  ): Promise<SrtEncoder> {
    const caller = await callers.connect(server.srt, { streamId: `publish:${name}` });
    await server.connected(name);
    return new SrtEncoder(server, counts, name, caller, steps, frameMs);
  }

  async play(frames: number): Promise<void> {
    for (let left = frames; left > 0;) {
      const step = this.#steps[this.#next++];
      if (step === undefined) throw new Error(`Cannot play on: ${this.#name} has no more audio`);
      this.#caller.send(...step.messages);
      const sent = this.#counts.add(this.#name, step.frames);
      await this.#server.arrived(this.#name, sent - step.held);
      await this.#server.pass(step.frames * this.#frameMs);
      left -= step.frames;
    }
  }

  async vanish(): Promise<void> {
    this.#caller.close();
    await this.#server.disconnected(this.#name);
  }
}
