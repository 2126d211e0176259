/**
 * What compiles and what does not is tested by `deno task check:types`: it fails where a line that
 * is marked here as an error is none.
 */
import assert from "node:assert/strict";
import { boolean, integer } from "../../src/config/kinds.ts";
import type { ForEachReloadable, Reloadable } from "../../src/config/reloadable.ts";
import { optional, reloadable, variable } from "../../src/config/variable.ts";

/** A table like the server's. */
const TABLE = {
  door: {
    limit: reloadable(variable("DOOR_LIMIT", integer({ min: 1 }), "10", "callers at a time")),
    opensAt: reloadable(optional("DOOR_OPENS_AT", integer({ min: 0 }), "hour of the day")),
    enabled: variable("DOOR_ENABLED", boolean, "1", "the door"),
  },
  output: { enabled: variable("OUTPUT_ENABLED", boolean, "1", "the output") },
};

type Names = ForEachReloadable<string, typeof TABLE>;

Deno.test("what is reloadable has the types of its values", () => {
  const values: Reloadable<typeof TABLE> = { door: { limit: 20, opensAt: undefined } };
  // @ts-expect-error: a limit is a number.
  const wrong: Reloadable<typeof TABLE> = { door: { limit: "20", opensAt: 7 } };
  assert.notDeepEqual(values, wrong);
});

Deno.test("a reloadable variable that has nothing to apply it does not compile", () => {
  const complete: Names = { door: { limit: "DOOR_LIMIT", opensAt: "DOOR_OPENS_AT" } };
  // @ts-expect-error: DOOR_OPENS_AT is missing.
  const incomplete: Names = { door: { limit: "DOOR_LIMIT" } };
  // @ts-expect-error: so is the whole section.
  const empty: Names = {};
  assert.notDeepEqual(complete, [incomplete, empty]);
});

Deno.test("what waits for the next start cannot be applied before: it does not compile", () => {
  const door = { limit: "DOOR_LIMIT", opensAt: "DOOR_OPENS_AT" };
  // @ts-expect-error: DOOR_ENABLED is not reloadable.
  const field: Names = { door: { ...door, enabled: "DOOR_ENABLED" } };
  // @ts-expect-error: nothing in the section is.
  const section: Names = { door, output: { enabled: "OUTPUT_ENABLED" } };
  assert.notDeepEqual(field, section);
});

Deno.test("the server's own table is held to the same", () => {
  type All = ForEachReloadable<string>;
  // @ts-expect-error: RTMP_MAX_CONNECTIONS is missing.
  const withoutSection = (all: Omit<All, "rtmp">): All => all;
  // @ts-expect-error: HOOK_SECRET is missing.
  const withoutField = (hook: Omit<All["hook"], "secret">): All["hook"] => hook;
  // @ts-expect-error: RTMP_ENABLED is not reloadable.
  const enabled = (values: Reloadable): boolean => values.rtmp.enabled;
  assert.ok([withoutSection, withoutField, enabled]);
});
