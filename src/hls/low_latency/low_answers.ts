/**
 * Playlists and parts of low latency over HTTP (draft-pantos-hls-rfc8216bis 6.2.5): who asks for what
 * comes next waits for it.
 *
 * @module
 */
import type { Context } from "hono";
import { isBeginning, LIVE, notThere, readSegment, sendPlaylist, sendSegment } from "../answers.ts";
import { type Origin, type ServedPlaylist, TooManyWait } from "../origin.ts";
import { waitedMs } from "../../web/waited_time.ts";
import { MAX_WAIT_TARGETS } from "./asked_version.ts";
import { parseDirectives, reload } from "./directives.ts";
import { countsAsFetch, LOW_MASTER_FILE, LOW_MEDIA_FILE } from "./low_names.ts";

export interface LowAnswersOptions {
  readonly origin: Pick<Origin, "playlist" | "segment" | "wait">;
  /** As `HlsRoutesOptions.onFetch`, once for all parts of a segment. */
  readonly onFetch: ((name: string, file: string) => void) | undefined;
}

/** Answers requests for the files of low latency. */
export class LowAnswers {
  readonly #options: LowAnswersOptions;

  constructor(options: LowAnswersOptions) {
    this.#options = options;
  }

  /** Answers a request for `file` of the broadcast `name`, once it is there or will not be. */
  async answer(c: Context, name: string, file: string): Promise<Response> {
    if (file === LOW_MEDIA_FILE) return await this.#answerPlaylist(c, name);
    if (file !== LOW_MASTER_FILE) return await this.#answerMedia(c, name, file);
    const master = await this.#options.origin.playlist(name, file);
    return master === undefined ? notThere(c) : sendPlaylist(c, master);
  }

  async #answerPlaylist(c: Context, name: string): Promise<Response> {
    const directives = parseDirectives(new URL(c.req.url).searchParams);
    let playlist = await this.#options.origin.playlist(name, LOW_MEDIA_FILE);
    for (;;) {
      if (playlist?.edge === undefined) return notThere(c);
      const { targetDuration } = playlist.edge;
      const answer = reload(directives, playlist.edge);
      if (answer === "refuse") return refuse(c);
      if (answer === "now") {
        const asked = `max-age=${CACHED_TARGETS * targetDuration}`;
        return sendPlaylist(c, playlist, directives === undefined ? "no-cache" : asked);
      }
      const next = await this.#next(c, name, playlist);
      if (next === undefined) return tooLong(c);
      playlist = next;
    }
  }

  /** The part that a version hints at is waited for; any other that is not there is not. */
  async #answerMedia(c: Context, name: string, file: string): Promise<Response> {
    const { origin, onFetch } = this.#options;
    const playlist = await origin.playlist(name, LOW_MEDIA_FILE);
    if (playlist?.edge?.nextPartUri === file) await this.#next(c, name, playlist);
    const media = await readSegment(origin, name, file);
    if (media === undefined) return notThere(c);
    const response = sendSegment(c, media, "max-age=600, immutable");
    const isFetch = c.req.method === "GET" && countsAsFetch(file) && isBeginning(response);
    if (isFetch) onFetch?.(name, file);
    return response;
  }

  /**
   * The version after `playlist`; `undefined` where it does not come, nobody else may wait, or the
   * client has left.
   */
  async #next(
    c: Context,
    name: string,
    { etag = "", edge }: ServedPlaylist,
  ): Promise<ServedPlaylist | undefined> {
    const maxMs = MAX_WAIT_TARGETS * 1000 * (edge?.targetDuration ?? 0) - waitedMs(c);
    if (maxMs <= 0) return undefined;
    const options = { newerThan: etag, maxMs, signal: c.req.raw.signal };
    try {
      return await this.#options.origin.wait(name, LOW_MEDIA_FILE, options);
    } catch (error) {
      if (error instanceof TooManyWait) return undefined;
      throw error;
    }
  }
}

function refuse(c: Context): Response {
  const message = "_HLS_msn and _HLS_part: what they ask for is too far away, or is nothing";
  return c.json({ code: 400, message }, 400, { "Cache-Control": LIVE });
}

function tooLong(c: Context): Response {
  const message = "what was asked for has not come";
  return c.json({ code: 503, message }, 503, { "Cache-Control": "no-store" });
}

/** The answer to a request with directives stays right; 6.2.5.2 wants it cached for so long. */
const CACHED_TARGETS = 6;
