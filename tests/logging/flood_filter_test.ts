/** What is kept of a flood of lines, as time goes by. */
import assert from "node:assert/strict";
import { configure, getLogger, type LogRecord, reset } from "@logtape/logtape";
import { floodFilter } from "../../src/logging/flood_filter.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

Deno.test("a flood is told of at the end of its time, and lines alike pass again then", async () => {
  const clock = new FakeClock();
  const start = clock.now();
  const lines: [number, string][] = [];
  await configure({
    reset: true,
    sinks: {
      sink: ({ timestamp, message }: LogRecord) => {
        // A line that goes through has the time of the machine, which is not looked at.
        const text = message.join("");
        lines.push([text.includes("more like it") ? timestamp - start : 0, text]);
      },
    },
    filters: { flood: floodFilter(clock) },
    loggers: [
      { category: ["echo"], sinks: ["sink"], filters: ["flood"] },
      { category: ["logtape", "meta"], lowestLevel: "fatal" },
    ],
  });
  const refuse = (count: number) => {
    for (let i = 0; i < count; i++) getLogger(["echo"]).warn("refused");
  };
  refuse(13);
  assert.equal(lines.splice(0).length, 10);
  clock.advanceSync(9000);
  refuse(1);
  assert.deepEqual(lines, []);
  clock.advanceSync(1000);
  assert.deepEqual(lines.splice(0), [[10_000, "refused … and 4 more like it"]]);
  refuse(1);
  assert.deepEqual(lines, [[0, "refused"]]);
  await reset();
  assert.equal(clock.timerCount, 0);
});
