/**
 * Finds variables that are probably misspelled.
 *
 * @module
 */
/** Names that begin so are meant for Echo. One that is not known is a spelling mistake. */
const PREFIXES = [
  ...["ECHO_", "HLS_", "RTMP_", "RECORD_", "STAT_", "HOOK_", "DRAIN_", "TTL_"],
  ...["TLS_", "RTMPS_", "ARTWORK_", "FALLBACK_", "ICECAST_", "SHOUTCAST_"],
  ...["DEAD_AIR_", "S3_"],
  // Other programs have variables that begin with WEB.
  ...["WEB_MAX_", "TRUSTED_PROX"],
];

/** A warning for each of `names` that looks like one of Echo's and is none of `known`. */
export function findUnknown(names: readonly string[], known: readonly string[]): string[] {
  return names
    .filter((name) => PREFIXES.some((prefix) => name.startsWith(prefix)) && !known.includes(name))
    .map((name) => `${name} is unknown: did you mean ${nearest(name, known)}?`);
}

function nearest(name: string, known: readonly string[]): string {
  const ranked = known.map((other) => ({ other, distance: editDistance(name, other) }));
  return ranked.sort((a, b) => a.distance - b.distance)[0]?.other ?? "";
}

/** Levenshtein's: how many characters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
