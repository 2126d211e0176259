/** The last events, for who comes to the dashboard later. */
import assert from "node:assert/strict";
import { sessionEvent } from "../../../src/session/events.ts";
import { RECENT_EVENTS, RecentEvents } from "../../../src/stat/live/recent_events.ts";

const SESSION = { id: 7, name: "demo", protocol: "srt" as const, props: { user_id: "private" } };

Deno.test("an event has what belongs to it, and nothing that clients said of themselves", () => {
  const recent = new RecentEvents(100);
  const reason = { code: 30000, message: "teardown by server" };
  assert.deepEqual(recent.add(sessionEvent(SESSION, "release", 0, { reason })), {
    number: 100,
    time: "1970-01-01T00:00:00.000Z",
    event: "release",
    session_id: 7,
    name: "demo",
    protocol: "srt",
    details: { reason },
  });
});

Deno.test("the last events are kept, and told from any number on", () => {
  const recent = new RecentEvents(1000);
  for (let i = 0; i < RECENT_EVENTS + 50; i++) {
    recent.add(sessionEvent(SESSION, "create", i, { address: "" }));
  }
  const numbers = (after: number) => recent.after(after).map(({ number }) => number);
  assert.equal(numbers(0).length, RECENT_EVENTS);
  assert.equal(numbers(0)[0], 1050);
  assert.deepEqual(numbers(1247), [1248, 1249]);
  assert.deepEqual(numbers(1249), []);
});

Deno.test("a client that names a later event than there is gets all, because the clock was set back", () => {
  const recent = new RecentEvents(1000);
  const event = recent.add(sessionEvent(SESSION, "create", 0, { address: "" }));
  assert.deepEqual(recent.after(5000), [event]);
  assert.deepEqual(recent.after(1000), []);
});
