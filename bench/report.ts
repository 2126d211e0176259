/**
 * Results of a benchmark as a table or as JSON, against their budgets.
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
  /** The least that `value` may be, where more is better. */
  readonly least?: number | undefined;
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

/** Whether `report` has a figure outside its budget; one that is not a number is. */
export function isOutOfBudget(report: Report): boolean {
  return report.figures.some(isOut);
}

/** Renders a report as a table for people. */
export function renderReport({ title, figures, notes }: Report): string {
  const width = Math.max(...figures.map(({ what }) => what.length));
  const rows = figures.map((figure) => {
    const { what, value, unit, digits = 0 } = figure;
    const number = Number.isFinite(value) ? value.toFixed(digits) : "none";
    const measured = `${number.padStart(10)} ${unit.padEnd(10)}`;
    return `  ${what.padEnd(width)}${measured}${verdict(figure)}`.trimEnd();
  });
  const head = `  ${"".padEnd(width)}${"measured".padStart(10)} ${"".padEnd(10)}${
    "budget".padStart(10)
  }`;
  return [title, head, ...rows, ...notes.map((note) => `  * ${note}`)].join("\n");
}

/** Renders a report for programs; `ok` tells whether a figure is within its budget. */
export function renderJson({ title, figures, notes }: Report): string {
  const rows = figures.map(({ digits: _, ...figure }) => ({ ...figure, ok: !isOut(figure) }));
  return JSON.stringify({ title, figures: rows, notes }, null, 2);
}

function verdict(figure: Figure): string {
  const { budget, least } = figure;
  if (budget === undefined && least === undefined) return "";
  const [bound, broken] = budget === undefined ? [`≥ ${least}`, "UNDER"] : [`≤ ${budget}`, "OVER"];
  return `${bound.padStart(10)}  ${isOut(figure) ? broken : "ok"}`;
}

function isOut({ value, budget, least }: Figure): boolean {
  return budget !== undefined && !(value <= budget) || least !== undefined && !(value >= least);
}
