/** Which box has a name where two of them say so. */
import type { NameRecord, Ownership } from "./registry.ts";

/**
 * Whether of two owners the first one has the name, and the second one has to let it go. The higher
 * epoch decides. Boxes that did not reach each other may have come to the same one: then it is that
 * of a name on air before one that is held, and before one that nobody has; and at last the box whose
 * id is first. So all boxes come to the same, in whatever order they hear of both.
 * @param runs whether the process runs that owns something, for all that is known
 */
export function outranks(
  a: NameRecord,
  b: NameRecord,
  runs: (owner: Ownership) => boolean,
): boolean {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  const further = rankOf(a, runs) - rankOf(b, runs);
  return further === 0 ? a.box < b.box : further > 0;
}

function rankOf(record: NameRecord, runs: (owner: Ownership) => boolean): number {
  if (record.state === "over" || !runs(record)) return 0;
  return record.state === "live" ? 2 : 1;
}
