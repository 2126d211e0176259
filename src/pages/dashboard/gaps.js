// @ts-check
// Where nothing was measured, plots show nothing.

/** So many times the usual time between two samples are a gap: the server was not there. */
const GAP = 4;

/**
 * A history by field; `at` has the times, in milliseconds, the oldest first.
 * @typedef {Record<string, (number | null)[]>} Columns
 */

/**
 * The same history with a sample of nothing in each gap, so that no line is drawn through it.
 * @param {Columns} columns
 * @returns {Columns}
 */
export function withGaps(columns) {
  const times = /** @type {number[]} */ (columns["at"] ?? []);
  const steps = times.slice(1).map((at, i) => at - (times[i] ?? at));
  const usual = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0;
  const gaps = steps.flatMap((step, i) => step > GAP * usual ? [i + 1] : []);
  if (gaps.length === 0) return columns;
  return Object.fromEntries(
    Object.entries(columns).map(([field, column]) => {
      const filled = [...column];
      for (const gap of gaps.toReversed()) {
        filled.splice(gap, 0, field === "at" ? (times[gap - 1] ?? 0) + usual : null);
      }
      return [field, filled];
    }),
  );
}
