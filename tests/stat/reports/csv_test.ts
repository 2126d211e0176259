/** Rows of CSV, of which no spreadsheet calculates what strangers have written. */
import assert from "node:assert/strict";
import { csvRow } from "../../../src/stat/reports/csv.ts";

/** What begins a formula. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

/** The cells of a row for a spreadsheet that splits at `separator`, which quotes only whole cells. */
function cellsOf(row: string, separator: string): string[] {
  const cells: string[] = [];
  for (let rest = row.replace(/\r\n$/, ""), more = true; more;) {
    const quoted = /^"((?:[^"]|"")*)"?/.exec(rest);
    const end = rest.indexOf(separator, quoted?.[0].length ?? 0);
    const after = end < 0 ? rest.length : end;
    const text = quoted?.[1]?.replaceAll('""', '"') ?? "";
    cells.push(text + rest.slice(quoted?.[0].length ?? 0, after));
    more = end >= 0;
    rest = rest.slice(after + 1);
  }
  return cells;
}

Deno.test("a text that a spreadsheet would calculate has an apostrophe before that", () => {
  const texts = ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\uff1d1", "\t=1", "a,=1+1", '"=1'];
  for (const text of texts) {
    const cells = cellsOf(csvRow(["x", text, 1]), ",");
    assert.equal(cells.length, 3, text);
    assert.ok(cells.every((cell) => !FORMULA.test(cell)), text);
  }
});

Deno.test("the same holds where the spreadsheet splits at semicolons, as it does in many languages", () => {
  const texts = ["a;=1+1", "a; =1+1", 'a;"=1+1', 'a;""=1+1;-1', 'a,b;=HYPERLINK("x")', "a;\uff1d1"];
  for (const text of texts) {
    const cells = cellsOf(csvRow(["x", text, 1]), ";");
    assert.ok(cells.every((cell) => !FORMULA.test(cell)), `${text}: ${cells.join(" | ")}`);
  }
});

Deno.test("other texts stay as they are", () => {
  const row = csvRow(["AC/DC; Live", "a-b=c+d", "Rock'n'Roll", null, -1]);
  assert.equal(row, "AC/DC; Live,a-b=c+d,Rock'n'Roll,,-1\r\n");
});
