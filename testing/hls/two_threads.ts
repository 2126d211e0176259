/** A broadcast whose listeners are on two threads, of which one lags. */
import assert from "node:assert/strict";
import { lowFeed } from "../../src/hls/low_latency/low_names.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { audioConfig } from "../audio/access_units.ts";
import { parseLowPlaylist, type SeenLowPlaylist } from "../hls_validator/low_playlist_reader.ts";
import { until } from "../until.ts";
import { Broadcast } from "./broadcast.ts";
import { LaggingReplica } from "./lagging_replica.ts";
import { type Asked, LowListener } from "./low_listener.ts";

const MEDIA = "low-media.m3u8";

/** A broadcast, with one thread that has everything at once and another one that is held back. */
export class TwoThreads {
  readonly ahead: LowListener;
  readonly behind: LowListener;
  readonly thread: LaggingReplica;
  readonly #ingest: Ingest;
  #frame = 0;

  private constructor(readonly broadcast: Broadcast) {
    this.ahead = new LowListener(broadcast);
    this.thread = new LaggingReplica(broadcast);
    this.behind = new LowListener(broadcast, this.thread);
    this.#ingest = broadcast.connect();
  }

  /** With a broadcast of which both threads have a version. */
  static async start(): Promise<TwoThreads> {
    const threads = await TwoThreads.startApart();
    threads.thread.deliver();
    assert.deepEqual(await threads.answers([threads.behind.ask(MEDIA)]), [200]);
    return threads;
  }

  /** With a broadcast of which the one thread has a version, and the other does not know. */
  static async startApart(): Promise<TwoThreads> {
    const threads = new TwoThreads(await Broadcast.start());
    await threads.play(200);
    assert.equal((await threads.ahead.get(MEDIA)).status, 200);
    return threads;
  }

  /** Frames come, and the one thread learns of them. */
  async play(frames: number, sampleRate?: number): Promise<void> {
    if (sampleRate !== undefined) this.#ingest.configure(audioConfig({ sampleRate }));
    await this.broadcast.live(this.#ingest, this.#frame, this.#frame + frames);
    this.#frame += frames;
  }

  /** What the thread knows that is ahead. */
  async newest(): Promise<SeenLowPlaylist> {
    return parseLowPlaylist(await (await this.ahead.get(MEDIA)).text());
  }

  /** The thread that was held back gets what it was told, for a while. */
  async settle(): Promise<void> {
    for (let i = 0; i < 40; i++) {
      await this.broadcast.clock.advance(10);
      this.thread.deliver();
    }
    await this.broadcast.clock.advance(0);
  }

  /** The same, until all of these are answered. @returns how */
  async answers(asked: readonly Asked[]): Promise<(number | undefined)[]> {
    await until("all are answered", async () => {
      await this.settle();
      return asked.every(({ answer }) => answer !== undefined);
    });
    return asked.map(status);
  }

  /** The name goes. */
  end(): void {
    for (const feed of ["demo", lowFeed("demo")]) this.broadcast.hls.distributor.end(feed);
  }

  async stop(): Promise<void> {
    this.ahead.origin.close();
    this.thread.close();
    await this.broadcast.stop();
  }
}

/** All files that a version names. */
export function filesOf({ segments }: SeenLowPlaylist): string[] {
  return segments.flatMap(({ map, parts, whole }) => [
    map,
    ...parts.map(({ uri }) => uri),
    ...whole === undefined ? [] : [whole.uri],
  ]);
}

/** The reload that asks for a part by its name, with so many parts more. */
export function reloadFor(part = "", more = 0): string {
  const [, sequence, index] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(part) ?? [];
  return `${MEDIA}?_HLS_msn=${sequence}&_HLS_part=${Number(index) + more}`;
}

/** A name as that of a part, so many segments later. */
export function later(part = "", segments: number): string {
  return part.replace(/^\d+/, (sequence) => `${Number(sequence) + segments}`);
}

/** What it is answered with; `undefined` as long as it is not. */
export function status({ answer }: Asked): number | undefined {
  return answer?.status;
}
