/** What listeners of low latency look at in a playlist, and what they tell at their end. */
import type { HeardPart } from "./heard_parts.ts";
import type { LoadFailures } from "./load_process.ts";

/** What the load generator `low_listeners.ts` says at its end. */
export interface LowLoadEnd extends LoadFailures {
  readonly parts: readonly HeardPart[];
}

/** What a version of the playlist tells who waited for it. */
export interface LowNews {
  /** The file of its newest part. */
  readonly newest: string;
  /** The part that comes next. */
  readonly hint: { readonly uri: string; readonly sequence: number; readonly part: number };
}

/** Reads the end of a playlist, since thousands are read in a second; `undefined` where it has ended. */
export function newsOf(playlist: Uint8Array): LowNews | undefined {
  const lines = decoder.decode(playlist.subarray(-TAIL_BYTES)).trimEnd().split("\n");
  const [uri = "", sequence, part] = HINT.exec(lines.pop() ?? "")?.slice(1) ?? [];
  const newest = lines.findLast((line) => line.startsWith("#EXT-X-PART:"))?.split('"')[1];
  if (newest === undefined || uri === "") return undefined;
  return { newest, hint: { uri, sequence: Number(sequence), part: Number(part) } };
}

const HINT = /^#EXT-X-PRELOAD-HINT:TYPE=PART,URI="((\d+)-[^"]*\.(\d+)\.m4s)"$/;
/** The last part is not farther from the end. */
const TAIL_BYTES = 1024;
const decoder = new TextDecoder();
