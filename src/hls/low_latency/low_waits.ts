/**
 * What requests of low latency wait for (draft-pantos-hls-rfc8216bis 6.2.5).
 *
 * @module
 */
import type { Origin, ServedPlaylist, WaitOptions } from "../origin.ts";
import { type Directives, mayBeTold, parseDirectives, reload } from "./directives.ts";
import { isLowMedia, LOW_MEDIA_FILE, parseLowMedia } from "./low_names.ts";

/** A request for a file of low latency. */
export interface LowRequest {
  /** The broadcast. */
  readonly name: string;
  readonly file: string;
  readonly directives: Directives | "malformed" | undefined;
}

/** @param query what stands behind the path, with its question mark */
export function lowRequest(name: string, file: string, query: string): LowRequest {
  const isReload = file === LOW_MEDIA_FILE && query !== "";
  const directives = isReload ? parseDirectives(new URLSearchParams(query)) : undefined;
  return { name, file, directives };
}

/** Whether who asks for that hears the broadcast, and does not only look whether it is there. */
export function isHearing({ file, directives }: LowRequest): boolean {
  return isLowMedia(file) || directives !== undefined;
}

/** Whether a version after `playlist` brings what the request is for. */
export function isToCome(
  { file, directives }: LowRequest,
  playlist: ServedPlaylist | undefined,
): boolean {
  if (playlist?.edge === undefined) return false;
  if (file !== LOW_MEDIA_FILE) return playlist.edge.nextPartUri === file;
  return reload(directives, playlist.edge) === "wait";
}

/**
 * Whether what the request is for may be there, although it is not here and `playlist` is the newest
 * version here: another thread may have listed it, or hinted at it, already.
 */
export function mayBeElsewhere(
  { file, directives }: LowRequest,
  playlist: ServedPlaylist | undefined,
): boolean {
  const edge = playlist?.edge;
  if (edge === undefined) return true;
  if (file === LOW_MEDIA_FILE) return typeof directives === "object" && mayBeTold(directives, edge);
  const media = parseLowMedia(file);
  // An init section's name does not tell when it was made.
  if (media === undefined) return true;
  const hinted = edge.nextPartUri === undefined ? undefined : parseLowMedia(edge.nextPartUri);
  return (hinted === undefined || hinted.nonce === media.nonce) && mayBeTold(media, edge);
}

/**
 * Waits for what is to come with a version after `playlist`.
 * @param waiting who waits; its signal is aborted when the client leaves
 * @returns whether it has come; false where it will not, or others wait in its place
 */
export async function untilThere(
  origin: Pick<Origin, "wait">,
  request: LowRequest,
  playlist: ServedPlaylist,
  waiting: Required<Pick<WaitOptions, "client" | "signal">>,
): Promise<boolean> {
  let newest: ServedPlaylist | undefined = playlist;
  while (newest !== undefined && isToCome(request, newest)) {
    const { etag: newerThan = "", edge } = newest;
    const maxMs = MAX_WAIT_TARGETS * 1000 * (edge?.targetDuration ?? 0);
    newest = await origin.wait(request.name, LOW_MEDIA_FILE, { newerThan, maxMs, ...waiting });
  }
  return newest !== undefined;
}

/**
 * What the request is answered with now, where that is not waited for and not refused. It is another
 * object where the same version may be cached for another time.
 */
export function contentsFor(
  { directives }: LowRequest,
  playlist: ServedPlaylist,
): ServedPlaylist | undefined {
  if (playlist.edge === undefined || reload(directives, playlist.edge) !== "now") return undefined;
  if (directives === undefined) return playlist;
  const known = reloaded.get(playlist);
  if (known !== undefined) return known;
  const contents = { ...playlist };
  reloaded.set(playlist, contents);
  return contents;
}

/** Versions, each as it answers requests with directives. */
const reloaded = new WeakMap<ServedPlaylist, ServedPlaylist>();
/** A version is waited for at most so many target durations. */
const MAX_WAIT_TARGETS = 3;
