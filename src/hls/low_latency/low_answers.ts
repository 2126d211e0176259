/**
 * Playlists and parts of low latency over HTTP (draft-pantos-hls-rfc8216bis 6.2.5): who asks for what
 * comes next waits for it, and what any thread has listed is there.
 *
 * @module
 */
import type { Context } from "hono";
import { isBeginning } from "../../web/byte_range.ts";
import { addressOfOne, peerAddress } from "../../web/peer_address.ts";
import { leaveUntimed } from "../../web/request_timing.ts";
import { LIVE, noPlace, notThere, readSegment, sendPlaylist, sendSegment } from "../answers.ts";
import { NoPlace, type Origin, type ServedFile, type ServedPlaylist } from "../origin.ts";
import { reload, type ReloadAnswer } from "./directives.ts";
import { countsAsFetch, isLowMedia, LOW_MASTER_FILE, LOW_MEDIA_FILE } from "./low_names.ts";
import {
  isHearing,
  isToCome,
  type LowRequest,
  lowRequest,
  mayBeElsewhere,
  untilThere,
} from "./low_waits.ts";

export interface LowAnswersOptions {
  readonly origin: Pick<Origin, "playlist" | "segment" | "hear" | "wait" | "catchUp">;
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
      return noPlace(c, "it cannot be heard in low latency now", RETRY_AFTER_S);
    }
  }

  async #answer(c: Context, name: string, file: string): Promise<Response> {
    const request = lowRequest(name, file, new URL(c.req.url).search);
    const hasWaited = await this.#wait(c, request);
    const found = await this.#find(c, request);
    const isMiss = typeof found === "string" && !hasWaited;
    if (!isMiss || !mayBeElsewhere(request, await this.#newest(c, request))) {
      return this.#send(c, request, found);
    }
    if (!await this.#options.origin.catchUp(c.req.raw.signal)) {
      return this.#send(c, request, found === "refused" ? "not yet" : found);
    }
    await this.#wait(c, request);
    return this.#send(c, request, await this.#find(c, request));
  }

  /** @returns whether there was something to wait for, here or before the routes were asked */
  async #wait(c: Context, request: LowRequest): Promise<boolean> {
    if (c.env?.hasWaited !== true) {
      const playlist = await this.#newest(c, request);
      if (playlist === undefined || !isToCome(request, playlist)) return false;
      await untilThere(this.#options.origin, request, playlist, {
        client: peerAddress(c),
        signal: c.req.raw.signal,
      });
    }
    leaveUntimed(c);
    return true;
  }

  async #newest(c: Context, { name }: LowRequest): Promise<ServedPlaylist | undefined> {
    return await this.#options.origin.playlist(name, LOW_MEDIA_FILE, () => addressOfOne(c));
  }

  async #find(c: Context, request: LowRequest): Promise<Found> {
    const { name, file, directives } = request;
    const { origin } = this.#options;
    const client = () => addressOfOne(c);
    if (isLowMedia(file)) {
      const media = await readSegment(origin, name, file, client);
      return media ?? (isToCome(request, await this.#newest(c, request)) ? "not yet" : "not there");
    }
    const playlist = await origin.playlist(name, file, client);
    if (playlist === undefined || file === LOW_MASTER_FILE) return playlist ?? "not there";
    if (playlist.edge === undefined) return "not there";
    const answer = reload(directives, playlist.edge);
    return answer === "now" ? playlist : MISSES[answer];
  }

  #send(c: Context, request: LowRequest, found: Found): Response {
    if (found === "not there") return notThere(c);
    if (found === "refused") return refuse(c);
    if (found === "not yet") return tooLong(c);
    if (isHearing(request)) this.#options.origin.hear(request.name, () => addressOfOne(c));
    if ("text" in found) return sendPlaylist(c, found, cachingOf(request, found));
    return this.#sendMedia(c, request, found);
  }

  #sendMedia(c: Context, { name, file }: LowRequest, media: ServedFile): Response {
    const response = sendSegment(c, media, "max-age=600, immutable");
    const isFetch = c.req.method === "GET" && countsAsFetch(file) && isBeginning(response);
    if (isFetch) this.#options.onFetch?.(name, file);
    return response;
  }
}

/** What a request is for, or why it is not had. */
type Found = ServedPlaylist | ServedFile | Miss;

/**
 * - `not there`: there is no such file
 * - `refused`: there is no such version, nor will be soon
 * - `not yet`: it was waited for, or may not be waited for
 */
type Miss = "not there" | "refused" | "not yet";

const MISSES: Readonly<Record<Exclude<ReloadAnswer, "now">, Miss>> = {
  refuse: "refused",
  wait: "not yet",
};

/** The value of Cache-Control. */
function cachingOf({ directives }: LowRequest, { edge }: ServedPlaylist): string {
  if (edge === undefined) return LIVE;
  if (directives === undefined) return "no-cache";
  return `max-age=${CACHED_TARGETS * edge.targetDuration}`;
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
/** A place may be free again; until then players play what is there anyway. */
const RETRY_AFTER_S = 5;
