/**
 * Versions of the playlist that are asked for by delivery directives, for who answers without asking
 * the routes.
 *
 * @module
 */
import { type Origin, type ServedPlaylist, TooManyWait } from "../origin.ts";
import { parseDirectives, reload, type ReloadAnswer } from "./directives.ts";
import { LOW_MEDIA_FILE } from "./low_names.ts";

/** A version is waited for at most so many target durations. */
export const MAX_WAIT_TARGETS = 3;

/** By the version itself: an answer to directives may be cached for another time. */
const asked = new WeakMap<ServedPlaylist, ServedPlaylist>();

/**
 * What is answered to a request with the query `query`: the same object for the same version.
 * @returns `undefined` where that is no version, or not yet
 */
export function askedVersion(playlist: ServedPlaylist, query: string): ServedPlaylist | undefined {
  if (answerTo(playlist, query) !== "now") return undefined;
  const known = asked.get(playlist) ?? { ...playlist };
  asked.set(playlist, known);
  return known;
}

/**
 * Resolves once a request with the query `query` need not wait any more, or waits in vain.
 * @returns `undefined` where it need not wait
 */
export function comingVersion(
  origin: Pick<Origin, "wait">,
  name: string,
  { playlist, query, signal }: {
    readonly playlist: ServedPlaylist;
    readonly query: string;
    readonly signal: () => AbortSignal;
  },
): Promise<void> | undefined {
  if (answerTo(playlist, query) !== "wait") return undefined;
  return untilThere(origin, name, playlist, query, signal());
}

async function untilThere(
  origin: Pick<Origin, "wait">,
  name: string,
  playlist: ServedPlaylist,
  query: string,
  signal: AbortSignal,
): Promise<void> {
  let newest: ServedPlaylist | undefined = playlist;
  try {
    while (newest !== undefined && answerTo(newest, query) === "wait") {
      const { etag: newerThan = "", edge } = newest;
      const maxMs = MAX_WAIT_TARGETS * 1000 * (edge?.targetDuration ?? 0);
      newest = await origin.wait(name, LOW_MEDIA_FILE, { newerThan, maxMs, signal });
    }
  } catch (error) {
    // Who is asked next says so.
    if (!(error instanceof TooManyWait)) throw error;
  }
}

function answerTo({ edge }: ServedPlaylist, query: string): ReloadAnswer {
  const directives = parseDirectives(new URLSearchParams(query));
  return edge === undefined || directives === undefined ? "refuse" : reload(directives, edge);
}
