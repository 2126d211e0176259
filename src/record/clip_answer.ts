/** Clips of recordings over HTTP. */
import type { Context, Next } from "hono";
import { Mp4Error } from "../mp4/boxes.ts";
import { type ClipTimes, MAX_CLIP_FRAMES } from "../mp4/clip.ts";
import { sendRanged } from "../web/ranged_answer.ts";
import { peerAddress } from "../web/peer_address.ts";
import { type Clips, TooManyClips } from "./clips.ts";
import { GivenUp } from "./drive.ts";
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
    const { signal } = c.req.raw;
    const clip = await clips.make(file, times, { address: peerAddress(c), signal });
    if (clip === undefined) return c.json({ code: 404, message: "recording not found" }, 404);
    if (clip === "nothing") return c.json({ code: 400, message: NOTHING }, 400);
    const { bytes, recording, firstFrame, frames, body, close } = clip;
    c.header("Content-Disposition", `attachment; filename="${clipName(file, times)}"`);
    const sent: { body?: ReadableStream<Uint8Array> } = {};
    const response = sendRanged(c, {
      size: bytes,
      // Frames that are in a recording do not change.
      etag: `"${recording}-${firstFrame}-${frames}"`,
      type: "audio/mp4",
      caching: "private, no-cache",
      body: (range) => sent.body = body(range),
    });
    if (sent.body === undefined) close();
    else c.set(CLOSE, close);
    return response;
  } catch (error) {
    return refusal(c, error);
  }
}

/** Closes the clip of {@link clipAnswer} where it turns out that the client has it already. */
export async function closeUnsent(c: Context, next: Next): Promise<void> {
  await next();
  if (c.res.body === null) c.get(CLOSE)?.();
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
    return c.json({ code: 400, message: TOO_LONG }, 400);
  }
  if (error instanceof Mp4Error) {
    return c.json({ code: 409, message: "no clip can be made of this recording" }, 409);
  }
  if (error instanceof TooManyClips) {
    return c.json({ code: 503, message: "too many clips are made or sent already" }, 503);
  }
  if (error instanceof GivenUp) return c.json({ code: 503, message: "the client has left" }, 503);
  throw error;
}

const SECONDS = /^\d{1,9}(?:\.\d{0,20})?$/;
const BAD_TIMES = "from and to are seconds from the recording's start, and to is behind from";
const NOTHING = "nothing is recorded between from and to";
const TOO_LONG = `the clip is too long: it may have ${MAX_CLIP_FRAMES} frames, six hours at 48 kHz`;
/** Where the context of a request has what closes its clip. */
const CLOSE = "closeClip";
