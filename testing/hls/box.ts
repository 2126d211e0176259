/** Boxes that are one server, as far as HLS goes: each has a disk of its own, and asks the others. */
import type { ServedStream } from "../../src/hls/distributor.ts";
import type { NameNumbers } from "../../src/hls/handed_window.ts";
import type { Hls } from "../../src/hls/hls.ts";
import { localOrigin } from "../../src/hls/local_origin.ts";
import type { MediaPlaylist as WrittenPlaylist } from "../../src/hls/playlist.ts";
import type { Replica } from "../../src/hls/replica.ts";
import { makerOf } from "../../src/hls/segment_name.ts";
import type { Preroll } from "../../src/hls/preroll.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import type { SessionEvent } from "../../src/session/events.ts";
import { MOVED_REASON, SERVER_REASON } from "../../src/session/reason.ts";
import type { FakeClock } from "../fake_clock.ts";
import { type DiskContents, SlowDisk } from "./memory_files.ts";
import { FRAME_MS, goOnAir, type OnAir, playlistOf, publish } from "./on_air.ts";

/** Frames of a segment of a second. */
export const SECOND = 47;

/** What a box is started with. */
export interface BoxOptions {
  readonly clock: FakeClock;
  /** What its disk has from an earlier run. */
  readonly contents?: DiskContents;
  readonly preroll?: Preroll;
  /** At which epoch it owns the broadcast `demo`; `undefined` where it does not. */
  readonly epoch?: number | undefined;
}

/** A box, which may have the broadcast `demo`. */
export class Box {
  readonly hls: Hls;
  /** Answers players of this box. */
  readonly origin: Replica;
  /** The other boxes. */
  others: readonly Box[] = [];
  /** See {@link BoxOptions.epoch}. */
  epoch: number | undefined;
  /** What happened to its sessions. */
  readonly seen: SessionEvent[] = [];
  /** The numbers that were told, the newest last. */
  readonly told: NameNumbers[] = [];
  /** What another box serves of a feed. */
  elsewhere: (feed: string) => ServedStream | undefined = () => undefined;
  readonly #onAir: OnAir;
  #frames = 0;

  private constructor(
    readonly id: string,
    readonly clock: FakeClock,
    readonly folder: SlowDisk,
    parts: { readonly onAir: OnAir; readonly bound: { box?: Box } },
  ) {
    parts.bound.box = this;
    this.#onAir = parts.onAir;
    this.hls = parts.onAir.hls;
    parts.onAir.events.subscribe((event) => this.seen.push(event));
    const readFile = (_: string, file: string) => Promise.resolve(this.bytesOf(file)?.slice());
    this.origin = localOrigin(this.hls.distributor, { clock, readFile, readElsewhere: readFile });
  }

  static async start(id: string, { clock, contents, preroll, epoch }: BoxOptions): Promise<Box> {
    const folder = new SlowDisk(clock, [0], contents);
    const bound: { box?: Box } = {};
    const fleet = {
      box: id,
      epochOf: () => bound.box?.epoch,
      onNumbers: (_: string, numbers: NameNumbers) => bound.box?.told.push(numbers),
      readElsewhere: (_: string, file: string) => Promise.resolve(bound.box?.bytesOf(file)),
      elsewhere: (feed: string) => bound.box?.elsewhere(feed),
    };
    const onAir = await goOnAir({
      ...{ clock, targetMs: 1000, folder, states: folder, fleet },
      ...preroll && { preroll },
    });
    const box = new Box(id, clock, folder, { onAir, bound });
    box.epoch = epoch;
    return box;
  }

  /** Somebody publishes `demo` here. */
  publish(): AdmittedIngest {
    this.#frames = 0;
    return publish(this.#onAir, "demo");
  }

  /** So many frames come in real time; `each` is called after each of them. */
  async send(
    ingest: AdmittedIngest,
    frames: number,
    each: () => Promise<void> | void = () => {},
  ): Promise<void> {
    for (let i = 0; i < frames; i++) {
      const data = new Uint8Array(40).fill(this.#frames % 251);
      ingest.write(data, this.#frames++ * FRAME_MS);
      await this.clock.advance(FRAME_MS);
      await each();
    }
  }

  /** The broadcast goes on elsewhere: its session here ends. */
  letGo(): void {
    this.epoch = undefined;
    this.hls.letGo("demo");
    this.#onAir.manager.find("demo")?.end("moved", MOVED_REASON);
  }

  /** What is listed here. */
  get playlist(): WrittenPlaylist {
    return playlistOf(this.#onAir, "demo");
  }

  /** The text that players of this box get; `undefined` where there is none. */
  async served(): Promise<string | undefined> {
    const playlist = await this.origin.playlist("demo", "playlist.m3u8");
    return playlist && new TextDecoder().decode(playlist.text);
  }

  /** The bytes of a segment, or of a part of one in low latency, asked of the box that has made it. */
  bytesOf(file: string): Uint8Array | undefined {
    const maker = makerOf(file)?.box ?? this.id;
    const box = [this, ...this.others].find(({ id }) => id === maker);
    const stream = box?.hls.find("demo");
    return stream?.segment(file) ?? stream?.low.segment(file) ??
      box?.folder.stream("demo").files.get(file);
  }

  /** What a player that comes now would find on its disk. */
  get files(): readonly string[] {
    return [...this.folder.stream("demo").files.keys()].sort();
  }

  /** Nothing is ended. */
  async stop(): Promise<void> {
    this.origin.close();
    this.#onAir.manager.stop("shutdown", SERVER_REASON);
    const stopped = this.hls.stop();
    await this.clock.advance(2000);
    await stopped;
  }
}

/** Boxes that know each other. @param options the first one owns the broadcast */
export async function startBoxes(
  ids: readonly string[],
  options: Omit<BoxOptions, "epoch">,
): Promise<Box[]> {
  const boxes: Box[] = [];
  for (const id of ids) {
    boxes.push(await Box.start(id, { ...options, epoch: boxes.length === 0 ? 1 : undefined }));
  }
  for (const box of boxes) box.others = boxes.filter((other) => other !== box);
  return boxes;
}
