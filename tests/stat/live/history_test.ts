/** The samples of the last hour. */
import assert from "node:assert/strict";
import { History } from "../../../src/stat/live/history.ts";

Deno.test("the oldest sample goes when there are too many", () => {
  const history = new History(3);
  for (let at = 1; at <= 5; at++) {
    const rest = { listeners: 0, cpu: 0, memory: 0, lateness: 0, lag: 0 };
    history.add({ at, sessions: at * 10, bitrate: at * 100, ...rest });
  }
  const { at, sessions, bitrate, lag } = history.columns;
  assert.deepEqual(at, [3, 4, 5]);
  assert.deepEqual(sessions, [30, 40, 50]);
  assert.deepEqual(bitrate, [300, 400, 500]);
  assert.deepEqual(lag, [0, 0, 0]);
});

Deno.test("an hour is kept", () => {
  const history = new History();
  const sample = { sessions: 0, bitrate: 0, listeners: 0, cpu: 0, memory: 0, lateness: 0, lag: 0 };
  for (let at = 0; at < 800; at++) history.add({ at, ...sample });
  assert.equal(history.columns.at.length, 720);
});
