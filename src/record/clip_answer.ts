/** Clips of recordings over HTTP. */
import type { Context } from "hono";
import { LimiterFull } from "../disk/limiter.ts";
import { Mp4Error } from "../mp4/boxes.ts";
import type { ClipTimes } from "../mp4/clip.ts";
import { sendRanged } from "../web/ranged_answer.ts";
import type { Clips } from "./clips.ts";
import { parseFileName, PART } from "./file_names.ts";

/** Answers with a clip of the recording `file`: of the seconds `from` to `to` of its query. */
export async function clipAnswer(
  c: Context,
  file: string,
  clips: Pick<Clips, "make">,
): Promise<Response> {
  const times = clipTimes(c.req.query("from"), c.req.query("to"));
  if (times === undefined) return c.json({ code: 400, message: BAD_TIMES }, 400);
  try {
    const clip = await clips.make(file, times);
    if (clip === undefined) return c.json({ code: 404, message: "recording not found" }, 404);
    if (clip === "nothing") return c.json({ code: 400, message: NOTHING }, 400);
    const { bytes, recording, firstFrame, frames, body } = clip;
    c.header("Content-Disposition", `attachment; filename="${clipName(file, times)}"`);
    return sendRanged(c, {
      size: bytes,
      // Frames that are in a recording do not change.
      etag: `"${recording}-${firstFrame}-${frames}"`,
      type: "audio/mp4",
      caching: "private, no-cache",
      body,
    });
  } catch (error) {
    return refusal(c, error);
  }
}

/**
 * Reads decimals of seconds; without `from`, a clip begins with the recording, without `to`, it ends
 * with it.
 * @returns `undefined` where they are none, or `to` is not behind `from`
 */
export function clipTimes(from = "0", to?: string): ClipTimes | undefined {
  if (!SECONDS.test(from) || (to !== undefined && !SECONDS.test(to))) return undefined;
  const times = { from: Number(from), to: to === undefined ? Infinity : Number(to) };
  return times.from < times.to ? times : undefined;
}

function clipName(file: string, { from, to }: ClipTimes): string {
  const name = parseFileName(file) === undefined ? "clip" : file.replace(PART, "").slice(0, -4);
  return `${name}.${from}-${to === Infinity ? "end" : to}.mp4`;
}

function refusal(c: Context, error: unknown): Response {
  if (error instanceof RangeError) {
    return c.json({ code: 400, message: "the clip is too long: at most two days can be had" }, 400);
  }
  if (error instanceof Mp4Error) {
    return c.json({ code: 409, message: "no clip can be made of this recording" }, 409);
  }
  if (error instanceof LimiterFull) {
    return c.json({ code: 503, message: "too many clips are being made" }, 503);
  }
  throw error;
}

const SECONDS = /^\d{1,9}(?:\.\d{0,20})?$/;
const BAD_TIMES = "from and to are seconds from the recording's start, and to is behind from";
const NOTHING = "nothing is recorded between from and to";
