// @ts-check
// Which times a plot shows. Where nothing was measured, it shows nothing.

/** So many times the usual time between two samples are a gap: the server was not there. */
const GAP = 4;

/** The least time that a plot shows, in seconds; it shows the whole history where that is more. */
const MIN_SPAN = 300;

/**
 * The times that a plot shows, in seconds. It may be a sample alone, or none yet.
 * @param {number[]} times of the samples, the oldest first
 * @param {number} now
 * @returns {[from: number, to: number]}
 */
export function timeRange(times, now) {
  const to = times.at(-1) ?? now;
  return [Math.min(times[0] ?? to, to - MIN_SPAN), to];
}

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
