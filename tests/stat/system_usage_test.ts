/** How the load of the machine is told. */
import assert from "node:assert/strict";
import { systemUsage } from "../../src/stat/system_usage.ts";

Deno.test("load and memory are told to the hundredth", () => {
  const { load, memory } = systemUsage();
  for (const value of [load.one, load.five, load.fifteen, memory]) {
    assert.match(String(value), /^\d+(\.\d{1,2})?$/);
  }
});
