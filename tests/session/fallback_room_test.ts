/** Sessions whose DJs are gone, where a fallback is heard, do not keep others out of a full server. */
import assert from "node:assert/strict";
import { EventBus } from "../../src/session/events.ts";
import { type AdmittedIngest, PublishRefused } from "../../src/session/ingest.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { fallbackAudio } from "../../testing/session/fallback_audio.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

const CONFIG = audioConfig();
const HOLD_MS = 30_000;
const STRANGER = "203.0.113.66";
const DJ = "198.51.100.7";
const OTHER_DJ = "198.51.100.8";

/** A server with room for four sessions, and a fallback for an hour. */
function setUp() {
  const clock = new FakeClock();
  const manager = sessionManager({
    ...{ clock, events: new EventBus(), maxSessions: 4 },
    policy: {
      holdMs: HOLD_MS,
      fallback: { source: { of: () => [fallbackAudio(10, CONFIG)] }, forMs: 3_600_000 },
    },
  });
  const publish = (name: string, address: string): AdmittedIngest => {
    const transport = { protocol: "icecast", address, close: () => {} } as const;
    const ingest = manager.publish({ name, key: undefined, transport });
    ingest.configure(CONFIG);
    ingest.write(new Uint8Array([1, 1, 1, 1]), clock.monotonic());
    return ingest;
  };
  /** Is heard, and is gone for good. */
  const leave = async (name: string, address: string) => {
    publish(name, address).end("lost");
    await clock.advance(2000);
    assert.equal(manager.find(name)?.fallback.playing, "gone");
  };
  const names = () => manager.sessions.map(({ name }) => name).sort();
  const stop = () => manager.stop("shutdown", SERVER_REASON);
  return { clock, manager, publish, leave, names, stop };
}

function isFull(error: unknown): boolean {
  return error instanceof PublishRefused && error.kind === "limit";
}

Deno.test("who comes to a full server gets the place of whoever has the most that nobody sends to", async () => {
  const { clock, publish, leave, names, stop } = setUp();
  await leave("evening", DJ);
  for (const name of ["x1", "x2", "x3"]) await leave(name, STRANGER);
  await clock.advance(HOLD_MS);
  assert.deepEqual(names(), ["evening", "x1", "x2", "x3"]);
  publish("show", OTHER_DJ);
  assert.deepEqual(names(), ["evening", "show", "x2", "x3"], "the one that is silent for longest");
  await leave("x4", STRANGER);
  assert.deepEqual(names(), ["evening", "show", "x3", "x4"], "and strangers get their own places");
  stop();
});

Deno.test("within the hold nobody gives way, nor does who sends", async () => {
  const { clock, manager, publish, leave, names, stop } = setUp();
  for (const name of ["a", "b", "c"]) await leave(name, DJ);
  publish("d", DJ);
  assert.throws(() => publish("e", OTHER_DJ), isFull);
  await clock.advance(HOLD_MS);
  const transport = { protocol: "icecast", address: OTHER_DJ, close: () => {} } as const;
  manager.check({ name: "e", key: undefined, transport });
  assert.deepEqual(names(), ["a", "b", "c", "d"], "whoever only asks takes nobody's place");
  for (const name of ["e", "f", "g"]) publish(name, OTHER_DJ);
  assert.deepEqual(names(), ["d", "e", "f", "g"]);
  assert.throws(() => publish("h", OTHER_DJ), isFull);
  stop();
});
