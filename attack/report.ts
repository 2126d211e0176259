/** The table of what held. */

/** One line of it. */
export interface Row {
  readonly what: string;
  readonly held: boolean;
  /** What was counted. */
  readonly counts: string;
  /** What the honest clients saw meanwhile. */
  readonly saw: string;
}

/** Renders `rows` for people: who saw what stands below each attack. */
export function renderRows(title: string, rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const lines = rows.flatMap(({ what, held, counts, saw }, index) => {
    const line = `  ${held ? "held    " : "NOT HELD"}  ${what.padEnd(width)}  ${counts}`;
    const isSaid = saw === "" || saw === rows[index + 1]?.saw;
    return isSaid ? [line] : [line, `${" ".repeat(14 + width)}the honest clients: ${saw}`];
  });
  return [title, ...lines].join("\n");
}
