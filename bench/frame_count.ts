/** Counts which of the frames that were sent are in the segments on disk. */
import { formatOf } from "../src/hls/formats.ts";
import { TsDemuxer } from "../src/mpegts/demuxer.ts";
import { frameNumber } from "./access_units.ts";

/** The frames of one stream as its segments on disk hold them. */
export interface FrameCount {
  readonly frames: number;
  /** Numbers that are not there or not in their place, between the first and the last. */
  readonly lost: number;
  /** Silence in their midst. */
  readonly silent: number;
  /** The segments, by the number of their last frame and when they were written. */
  readonly segments: readonly { readonly lastFrame: number; readonly writtenAt: number }[];
}

/** Counts the frames in the segments below `folder`, each read by itself. */
export async function countFrames(folder: string): Promise<FrameCount> {
  let expected: number | undefined;
  let [frames, lost, silent, waiting] = [0, 0, 0, 0];
  const segments: { lastFrame: number; writtenAt: number }[] = [];
  const take = (unit: Uint8Array) => {
    frames++;
    const number = frameNumber(unit);
    if (number === undefined) {
      waiting++;
      return;
    }
    silent += waiting;
    waiting = 0;
    if (expected !== undefined && number !== expected) lost += Math.max(1, number - expected);
    expected = number + 1;
  };
  for (const path of await segmentPaths(folder)) {
    const demuxer = new TsDemuxer({ configure: () => {}, write: take, bad: () => lost++ });
    demuxer.feed(await Deno.readFile(path));
    demuxer.flush();
    const { mtime } = await Deno.stat(path);
    segments.push({ lastFrame: (expected ?? NaN) - 1, writtenAt: mtime?.getTime() ?? NaN });
  }
  return { frames, lost, silent, segments };
}

/** In the order of their sequence numbers; none where there is no such folder. */
async function segmentPaths(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (formatOf(name) !== undefined) files.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort((a, b) => parseInt(a) - parseInt(b)).map((file) => `${folder}/${file}`);
}
