/**
 * Playlists and parts of low latency over HTTP (draft-pantos-hls-rfc8216bis 6.2.5): who asks for what
 * comes next waits for it.
 *
 * @module
 */
import type { Context } from "hono";
import { addressOfOne } from "../../web/peer_address.ts";
import { leaveUntimed } from "../../web/request_timing.ts";
import { isBeginning, LIVE, notThere, readSegment, sendPlaylist, sendSegment } from "../answers.ts";
import { NoPlace, type Origin } from "../origin.ts";
import { reload } from "./directives.ts";
import { countsAsFetch, LOW_MASTER_FILE, LOW_MEDIA_FILE } from "./low_names.ts";
import { isToCome, type LowRequest, lowRequest, untilThere } from "./low_waits.ts";

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
    try {
      return await this.#answer(c, name, file);
    } catch (error) {
      if (!(error instanceof NoPlace)) throw error;
      return noPlace(c);
    }
  }

  async #answer(c: Context, name: string, file: string): Promise<Response> {
    if (file === LOW_MASTER_FILE) return await this.#answerMaster(c, name);
    const request = lowRequest(name, file, new URL(c.req.url).search);
    if (!hasWaited(c)) await this.#wait(c, request);
    if (file === LOW_MEDIA_FILE) return await this.#answerPlaylist(c, request);
    return await this.#answerMedia(c, request);
  }

  async #answerMaster(c: Context, name: string): Promise<Response> {
    const master = await this.#options.origin.playlist(
      name,
      LOW_MASTER_FILE,
      () => addressOfOne(c),
    );
    return master === undefined ? notThere(c) : sendPlaylist(c, master);
  }

  async #wait(c: Context, request: LowRequest): Promise<void> {
    const { origin } = this.#options;
    const playlist = await origin.playlist(request.name, LOW_MEDIA_FILE, () => addressOfOne(c));
    if (playlist === undefined || !isToCome(request, playlist)) return;
    leaveUntimed(c);
    await untilThere(origin, request, playlist, c.req.raw.signal);
  }

  async #answerPlaylist(c: Context, { name, directives }: LowRequest): Promise<Response> {
    const playlist = await this.#options.origin.playlist(name, LOW_MEDIA_FILE);
    if (playlist?.edge === undefined) return notThere(c);
    const answer = reload(directives, playlist.edge);
    if (answer === "refuse") return refuse(c);
    if (answer === "wait") return tooLong(c);
    const asked = `max-age=${CACHED_TARGETS * playlist.edge.targetDuration}`;
    return sendPlaylist(c, playlist, directives === undefined ? "no-cache" : asked);
  }

  async #answerMedia(c: Context, { name, file }: LowRequest): Promise<Response> {
    const { origin, onFetch } = this.#options;
    const media = await readSegment(origin, name, file);
    if (media === undefined) return notThere(c);
    const response = sendSegment(c, media, "max-age=600, immutable");
    const isFetch = c.req.method === "GET" && countsAsFetch(file) && isBeginning(response);
    if (isFetch) onFetch?.(name, file);
    return response;
  }
}

/** Whether it was waited for already, before the routes were asked, and has not come. */
function hasWaited({ env }: Context): boolean {
  return env?.hasWaited === true;
}

function refuse(c: Context): Response {
  const message = "_HLS_msn and _HLS_part: what they ask for is too far away, or is nothing";
  return c.json({ code: 400, message }, 400, { "Cache-Control": LIVE });
}

function tooLong(c: Context): Response {
  const message = "what was asked for has not come";
  return c.json({ code: 503, message }, 503, { "Cache-Control": "no-store" });
}

/** Players come again, or play what is there anyway. */
function noPlace(c: Context): Response {
  const message = "too many broadcasts are heard in low latency";
  const headers = { "Cache-Control": "no-store", "Retry-After": `${RETRY_AFTER_S}` };
  return c.json({ code: 503, message }, 503, headers);
}

/** The answer to a request with directives stays right; 6.2.5.2 wants it cached for so long. */
const CACHED_TARGETS = 6;
/** A place may be free again. */
const RETRY_AFTER_S = 5;
