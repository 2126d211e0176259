/** The last events of each session. */
import assert from "node:assert/strict";
import { SESSION_EVENTS } from "../../../src/stat/live/session_logs.ts";
import { RecentEvents } from "../../../src/stat/live/recent_events.ts";
import { SessionLogs } from "../../../src/stat/live/session_logs.ts";
import { House } from "../../../testing/stat/house.ts";

/** A house whose sessions have logs. */
function logged(house: House): SessionLogs {
  const recent = new RecentEvents(1);
  const logs = new SessionLogs(house.clock);
  house.events.subscribe((event) => logs.note(event, recent.add(event)));
  return logs;
}

Deno.test("each session has its own events, and the oldest goes when there are too many", () => {
  using house = new House();
  const logs = logged(house);
  house.play(0.032, house.publish("other", "srt"));
  for (let i = 0; i < 30; i++) {
    const ingest = house.publish("demo", "rtmp");
    house.play(0.032, ingest);
    ingest.end("lost");
  }
  const { id } = house.sessions.find("demo") ?? { id: 0 };
  const events = logs.of(id);
  assert.equal(events.length, SESSION_EVENTS);
  assert.ok(events.every(({ name }) => name === "demo"));
  assert.equal(events.at(-1)?.event, "pause");
});

Deno.test("a session that is over has no log, whatever its outputs still tell", () => {
  using house = new House();
  const logs = logged(house);
  const ingest = house.publish("demo", "rtmp");
  house.play(7, ingest);
  const { id } = house.sessions.find("demo") ?? { id: 0 };
  assert.ok(logs.of(id).length > 3);
  ingest.end("finished");
  house.play(20);
  assert.deepEqual(logs.of(id), []);
  assert.equal(logs.waiting(id), undefined);
});
