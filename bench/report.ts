/**
 * Results of a benchmark as a table, against their budgets.
 *
 * @module
 */

/** One line of a benchmark's result. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The most that `value` may be; `undefined` where it is only told. */
  readonly budget?: number | undefined;
  /** Digits behind the point. Default: 0. */
  readonly digits?: number;
}

/** What a benchmark found. */
export interface Report {
  /** What was measured, under what load. */
  readonly title: string;
  readonly figures: readonly Figure[];
  /** What a reader of the figures has to know: definitions, doubts. */
  readonly notes: readonly string[];
}

/** Whether `report` has a figure over its budget; one that is not a number is. */
export function isOverBudget(report: Report): boolean {
  return report.figures.some(isOver);
}

/** Renders a report as a table for people. */
export function renderReport({ title, figures, notes }: Report): string {
  const width = Math.max(...figures.map(({ what }) => what.length));
  const rows = figures.map((figure) => {
    const { what, value, unit, budget, digits = 0 } = figure;
    const number = Number.isFinite(value) ? value.toFixed(digits) : "none";
    const measured = `${number.padStart(10)} ${unit.padEnd(10)}`;
    const verdict = budget === undefined
      ? ""
      : `${`≤ ${budget}`.padStart(10)}  ${isOver(figure) ? "OVER" : "ok"}`;
    return `  ${what.padEnd(width)}${measured}${verdict}`.trimEnd();
  });
  const head = `  ${"".padEnd(width)}${"measured".padStart(10)} ${"".padEnd(10)}${
    "budget".padStart(10)
  }`;
  return [title, head, ...rows, ...notes.map((note) => `  * ${note}`)].join("\n");
}

function isOver({ value, budget }: Figure): boolean {
  return budget !== undefined && !(value <= budget);
}
