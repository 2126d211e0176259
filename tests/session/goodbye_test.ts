/** What outputs get once the encoder has said goodbye: silence for those that need it. */
import assert from "node:assert/strict";
import type { StateNeed } from "../../src/session/continuity.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import type { FrameSink } from "../../src/session/frame_sink.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

/** A sink that writes down what it is told, and whether it goes on after a goodbye. */
function sinkOf(calls: string[], goesOn: boolean): FrameSink {
  const ends: Partial<FrameSink> = goesOn ? { goodbye: () => calls.push("goodbye") } : {};
  return {
    start: () => {},
    write: ({ filler }) => calls.push(filler ? "silence" : "frame"),
    discontinuity: () => calls.push("discontinuity"),
    end: (how) => calls.push(`end ${how}`),
    ...ends,
  };
}

/** A session on air with two outputs, of which one goes on after a goodbye. */
function setUp() {
  const clock = new FakeClock();
  const events = new EventBus();
  const seen: SessionEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const manager = sessionManager({ clock, events });
  const [lasting, other]: [string[], string[]] = [[], []];
  let stateNeed: StateNeed = () => {};
  manager.addOutput((_, state) => {
    stateNeed = state;
    return sinkOf(lasting, true);
  });
  manager.addOutput(() => sinkOf(other, false));
  const transport = { protocol: "rtmp", address: "10.1.2.3", close: () => {} } as const;
  const connect = () => {
    const ingest = manager.publish({ name: "demo", key: undefined, transport });
    ingest.configure(audioConfig());
    return ingest;
  };
  const ingest = connect();
  ingest.write(new Uint8Array(10), 0);
  const need = async (frames: number) => {
    stateNeed({ at: clock.awake(), frames: () => frames });
    await clock.advance(0);
  };
  return {
    clock,
    manager,
    seen,
    lasting,
    other,
    ingest,
    connect,
    need,
    stop: () => stateNeed(undefined),
  };
}

Deno.test("after a goodbye an output gets silence for as long as it needs it, and no other does", async () => {
  const { clock, seen, manager, lasting, other, ingest, need, stop } = setUp();
  ingest.end("finished");
  assert.equal(manager.find("demo"), undefined);
  assert.equal(seen.at(-1)?.kind, "release");
  await need(2);
  assert.deepEqual(lasting, ["frame", "goodbye", "silence", "silence"]);
  assert.deepEqual(other, ["frame", "end finished"]);
  await need(1);
  stop();
  await clock.advance(60_000);
  assert.deepEqual(lasting.slice(4), ["silence"]);
  manager.stop("shutdown", { code: 0, message: "" });
  assert.equal(clock.timerCount, 0);
});

Deno.test("the hold is no longer waited for after a goodbye", async () => {
  const { clock, lasting, ingest, connect, need } = setUp();
  ingest.end("lost");
  await clock.advance(20_000);
  connect().end("finished");
  await clock.advance(20_000);
  await need(1);
  assert.deepEqual(lasting.slice(lasting.indexOf("goodbye")), ["goodbye", "silence"]);
});

Deno.test("silence follows no end but a goodbye", async () => {
  for (const how of ["teardown", "lost", "shutdown"] as const) {
    const { manager, lasting, need } = setUp();
    manager.find("demo")?.end(how, { code: 0, message: "" });
    await need(1);
    assert.deepEqual(lasting, ["frame", `end ${how}`]);
  }
});
