/** A broadcast with a preroll that somebody hears in low latency. */
import type { Preroll } from "../../src/hls/preroll.ts";
import { encode } from "../audio/ffmpeg.ts";
import type { SeenLowSegment } from "../hls_validator/low_playlist_reader.ts";
import { isLowPreroll } from "../hls_validator/low_rules.ts";
import { until } from "../until.ts";
import { Broadcast } from "./broadcast.ts";
import { LowListener } from "./low_listener.ts";
import { FRAME_MS, playlistOf } from "./on_air.ts";
import { prerollOf } from "./preroll_folder.ts";

const seconds = 1.5;

/** Three spots, the last of which has another configuration. */
export const SPOTS = {
  "live.m3u8": "#EXTM3U\n#EXTINF:1.5,\na.ts\n#EXTINF:1.5,\nb.ts\n" +
    "#EXT-X-DISCONTINUITY\n#EXTINF:1.5,\nc.aac\n",
  "a.ts": await encode({ rate: 44_100, seconds, format: "mpegts" }),
  "b.ts": await encode({ rate: 44_100, seconds, format: "mpegts", bitrate: "64k" }),
  "c.aac": await encode({ rate: 32_000, layout: "mono", seconds }),
};

/** The preroll that they are. */
export const PREROLL = await prerollOf(SPOTS);

/** A broadcast, who sends it, and who listens to it. */
export class PrerollShow {
  readonly broadcast: Broadcast;
  readonly listener: LowListener;
  ingest: ReturnType<Broadcast["connect"]>;

  constructor(broadcast: Broadcast) {
    this.broadcast = broadcast;
    this.listener = new LowListener(broadcast);
    this.ingest = broadcast.connect();
  }

  /** So many frames are on air; `listens` whether somebody does so in low latency from the start. */
  static async start(preroll: Preroll, frames: number, listens = true): Promise<PrerollShow> {
    const show = new PrerollShow(await Broadcast.start({ preroll }));
    if (listens) await show.play(0, frames);
    else await show.broadcast.live(show.ingest, 0, frames);
    return show;
  }

  /** Sends frames in real time, while the listener plays. */
  async play(from: number, to: number): Promise<void> {
    for (let number = from; number < to; number++) {
      this.broadcast.send(this.ingest, number);
      await this.pass(FRAME_MS);
    }
  }

  /** Lets time go by, while the listener plays. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      await this.broadcast.clock.advance(Math.min(left, 100));
      await this.listener.look();
    }
  }

  /** Has the listener get the newest version. */
  async look(): Promise<void> {
    await until("it is there in low latency", async () => {
      await this.listener.look();
      await this.broadcast.clock.advance(0);
      return this.listener.versions.length > 0;
    });
  }

  async stop(): Promise<void> {
    this.listener.origin.close();
    await this.broadcast.stop();
  }
}

/** Media sequence number, discontinuity sequence number, and whether it is preroll. */
export type SegmentNumbers = [number: number, discontinuity: number, isPreroll: boolean];

/** Of the segments that are listed in low latency. */
export function lowNumbers({ playlist }: LowListener): SegmentNumbers[] {
  let { discontinuitySequence } = playlist;
  return playlist.segments.map((segment: SeenLowSegment) => {
    if (segment.discontinuity) discontinuitySequence++;
    return [segment.sequence, discontinuitySequence, isLowPreroll(segment)];
  });
}

/** Of those that are listed in MPEG-TS. */
export function tsNumbers(
  onAir: Pick<Broadcast, "hls"> & Parameters<typeof playlistOf>[0],
): SegmentNumbers[] {
  const { mediaSequence, segments, ...playlist } = playlistOf(onAir, "demo");
  let { discontinuitySequence } = playlist;
  return segments.map(({ discontinuity, uri }, i) => {
    if (discontinuity) discontinuitySequence++;
    return [mediaSequence + i, discontinuitySequence, uri.startsWith("/")];
  });
}
