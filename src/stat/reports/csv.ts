/** Tables as CSV (RFC 4180), for spreadsheets. */

/** What a cell may hold; null is left empty. */
export type Cell = string | number | null;

/** What begins a file, so that spreadsheets read it as UTF-8. */
export const CSV_START = "\ufeff";

/**
 * A row, with its end. What a spreadsheet would take for a formula gets an apostrophe before
 * it, because titles come from strangers.
 */
export function csvRow(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = cell.replace(FORMULA, "$&'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Where a formula would begin: at the beginning, and behind a semicolon, at which spreadsheets split in
 * many languages. There, quotes do not keep a text together. Some also calculate the wide forms of East
 * Asia.
 */
const FORMULA =
  /^(?=\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])|;(?=["\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;
