/** What goes wrong in low latency costs the broadcast nothing. */
import assert from "node:assert/strict";
import { guardedTap } from "../../../src/hls/low_latency/guarded_tap.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";

Deno.test("a tap that throws is told of nothing more, and whoever tells it goes on", () => {
  const told: string[] = [];
  const errors: unknown[] = [];
  const tap = guardedTap({
    configure: () => told.push("configure"),
    begin: () => told.push("begin"),
    write: ([first]) => {
      told.push(`write ${first}`);
      if (first === 2) throw new Error("broken");
    },
    end: () => told.push("end"),
  }, (error) => errors.push(error));
  tap.configure(audioConfig());
  tap.begin({ dueMs: 0, discontinuity: false, frames: 47 });
  for (const first of [1, 2, 3]) tap.write(Uint8Array.of(first));
  tap.end();
  assert.deepEqual(told, ["configure", "begin", "write 1", "write 2"]);
  assert.deepEqual(errors, [new Error("broken")]);
});
