/** How the parts of the server are stopped. */
import assert from "node:assert/strict";
import { Stops } from "../../src/station/stops.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";

Deno.test("what was started last is stopped first, one after the other, and once", async () => {
  const done: string[] = [];
  const stops = new Stops();
  stops.add(() => void done.push("first"));
  stops.add(async () => {
    await Promise.resolve();
    done.push("second");
  }, () => void done.push("third"));
  await stops.run();
  await stops.run();
  assert.deepEqual(done, ["third", "second", "first"]);
});

Deno.test("what cannot be stopped is told, and does not hold up the others", async () => {
  await using log = await LogRecorder.start();
  const done: string[] = [];
  const stops = new Stops();
  stops.add(() => void done.push("first"));
  stops.add(() => Promise.reject(new Error("it hangs")));
  stops.add(() => {
    throw new Error("it is gone");
  });
  await stops.run();
  assert.deepEqual(done, ["first"]);
  assert.deepEqual(log.lines, [
    "error A part did not stop as it should: Error: it is gone",
    "error A part did not stop as it should: Error: it hangs",
  ]);
});
