/** In which order the dashboard's tables show their rows. */
import assert from "node:assert/strict";
import { byColumn, firstDirection } from "../../../src/pages/dashboard/row_order.js";

interface Show {
  readonly name: string;
  readonly listeners: number;
}

const COLUMNS = [
  { order: ({ name }: Show) => name },
  { order: ({ listeners }: Show) => listeners, kind: "number fault" },
];
const SHOWS: readonly Show[] = [
  { name: "show-10", listeners: 2 },
  { name: "show-9", listeners: 2 },
  { name: "alpha", listeners: 30 },
];

function names(by: number, direction: 1 | -1): string[] {
  return SHOWS.toSorted(byColumn(COLUMNS, by, direction)).map(({ name }) => name);
}

Deno.test("numbers in names count as numbers", () => {
  assert.deepEqual(names(0, 1), ["alpha", "show-9", "show-10"]);
  assert.deepEqual(names(0, -1), ["show-10", "show-9", "alpha"]);
});

Deno.test("rows that are the same in a column stand by name, in both directions", () => {
  assert.deepEqual(names(1, -1), ["alpha", "show-9", "show-10"]);
  assert.deepEqual(names(1, 1), ["show-9", "show-10", "alpha"]);
});

Deno.test("columns of numbers begin with the largest, others with the first", () => {
  assert.deepEqual(COLUMNS.map(firstDirection), [1, -1]);
  assert.equal(firstDirection({ kind: "state" }), 1);
  assert.equal(firstDirection(undefined), 1);
});
