/** Which shows are found on the page that shows who is on air, and in which order. */
import assert from "node:assert/strict";
import { findShows } from "../../../src/pages/listener/show_finder.js";
import { OFF_AIR } from "../../../testing/pages/listener/broadcasts.ts";

const SHOWS = [
  { ...OFF_AIR, name: "night-10", title: "Élan vital", artist: "Trio", listeners: 3 },
  { ...OFF_AIR, name: "night-9", title: null, artist: null, listeners: 0 },
  { ...OFF_AIR, name: "jazz", title: "blue", artist: "Ensemble d’été", listeners: 12 },
];

function found(search: string, order = "start"): string[] {
  return findShows(SHOWS, { search, order }).map(({ name }) => name);
}

Deno.test("a show is found by name, title and artist, without case and accents", () => {
  assert.deepEqual(found(""), ["night-10", "night-9", "jazz"]);
  assert.deepEqual(found("  NIGHT "), ["night-10", "night-9"]);
  assert.deepEqual(found("elan"), ["night-10"]);
  assert.deepEqual(found("ÉTÉ"), ["jazz"]);
  assert.deepEqual(found("null"), []);
});

Deno.test("every word has to occur, in whatever order", () => {
  assert.deepEqual(found("trio night"), ["night-10"]);
  assert.deepEqual(found("trio jazz"), []);
});

Deno.test("shows are sorted by title, with numbers as numbers, and by listeners", () => {
  assert.deepEqual(found("", "name"), ["jazz", "night-10", "night-9"]);
  assert.deepEqual(found("", "listeners"), ["jazz", "night-10", "night-9"]);
  assert.deepEqual(found("", "something else"), found(""));
  const numbered = ["show-10", "show-9"].map((name) => ({ ...OFF_AIR, name }));
  const sorted = findShows(numbered, { search: "", order: "name" });
  assert.deepEqual(sorted.map(({ name }) => name), ["show-9", "show-10"]);
});
