/** How a box gives its broadcasts to others. */
import assert from "node:assert/strict";
import { BoxDrain } from "../../../src/fleet/drain/box_drain.ts";
import type { BoxState, KnownBox } from "../../../src/fleet/registry.ts";
import type { CarriedSession } from "../../../src/session/carried_session.ts";
import { broadcastsLeft } from "../../../src/session/drain.ts";
import { EventBus } from "../../../src/session/events.ts";
import {
  type AdmittedIngest,
  PublishRefused,
  type Transport,
} from "../../../src/session/ingest.ts";
import { MOVED_REASON, SERVER_REASON } from "../../../src/session/reason.ts";
import { Statistics } from "../../../src/stat/statistics/statistics.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { knownBox } from "../../../testing/fleet/known_box.ts";
import { sessionManager } from "../../../testing/session/session_manager.ts";

/** An encoder's connection, closed as doors do it. */
class Connection implements Transport {
  readonly protocol = "rtmp";
  readonly address = "198.51.100.1";
  readonly asked: string[] = [];
  closed: string | undefined;
  ingest: AdmittedIngest | undefined;
  readonly #canReconnect: boolean;

  constructor({ canReconnect = false } = {}) {
    this.#canReconnect = canReconnect;
  }

  requestReconnect(host: string, port: number): boolean {
    if (this.#canReconnect) this.asked.push(`${host}:${port}`);
    return this.#canReconnect;
  }

  close(why: string): void {
    this.closed ??= why;
    this.ingest?.end("lost");
  }
}

/** Box `a` with its sessions, in a fleet of boxes that a test changes as it likes. */
function setUp(...others: KnownBox[]) {
  const clock = new FakeClock();
  const events = new EventBus();
  const kinds: string[] = [];
  events.subscribe(({ kind }) => kinds.push(kind));
  const statistics = new Statistics({ events, outputs: { hls: false, record: false } });
  const sessions = sessionManager({ clock, events, maxSessions: 1000 });
  const states: BoxState[] = [];
  const view = { box: "a", boxes: [knownBox("a"), ...others] };
  const drain = new BoxDrain({
    ...{ clock, sessions, view, random: () => 0 },
    onState: (state) => states.push(state),
  });
  /** Has an encoder be on air. */
  const publish = (name: string, connection = new Connection()) => {
    const ingest = sessions.publish({ name, key: undefined, transport: connection });
    connection.ingest = ingest;
    ingest.configure(audioConfig());
    ingest.write(Uint8Array.of(1), 0);
    return connection;
  };
  /** Has the other box take a name over, as handing over does. */
  const handOver = (name: string) => sessions.find(name)?.end("lost", SERVER_REASON);
  /** How many broadcasts are waited for. */
  const left = () => broadcastsLeft(statistics.ids, sessions).length;
  return { clock, sessions, states, view, drain, publish, handOver, kinds, left };
}

/** A session that was on air at a box that is gone. */
function carried(change: Partial<CarriedSession> = {}): CarriedSession {
  return {
    ...{ id: 4711, name: "demo", protocol: "rtmp", props: {}, holdMs: 30_000 },
    ...{ createdAtMs: Date.UTC(2025, 11, 31), isPaused: false },
    ...change,
  };
}

function assertRefused(publish: () => void): void {
  assert.throws(publish, (error) => error instanceof PublishRefused && error.kind === "stopping");
}

Deno.test("a box that drains says so at once, and takes no broadcasts, not even its own again", () => {
  const { drain, states, publish } = setUp(knownBox("b"));
  publish("demo");
  drain.start();
  assert.deepEqual([drain.state, ...states], ["draining", "draining"]);
  assertRefused(() => publish("other"));
  assertRefused(() => publish("demo"));
});

Deno.test("who comes to a port of his own is sent away, too", () => {
  const { drain, sessions } = setUp(knownBox("b"));
  const { session } = sessions.reserve({
    ...{ name: "demo", protocol: "srt", address: "198.51.100.1", props: {} },
  });
  const first = new Connection();
  first.ingest = sessions.attach(session, first);
  first.ingest.configure(audioConfig());
  first.ingest.write(Uint8Array.of(1), 0);
  drain.start();
  assert.notEqual(first.closed, undefined);
  assertRefused(() => sessions.attach(session, new Connection()));
  assert.equal(session.state, "paused", "it is held until the other box takes it over");
});

Deno.test("who can reconnect is asked to, and goes on here until the other box has the name", async () => {
  const { clock, drain, sessions, publish, handOver } = setUp(knownBox("b"));
  const connection = publish("demo", new Connection({ canReconnect: true }));
  drain.start();
  assert.deepEqual(connection.asked, ["192.0.2.2:1935"]);
  await clock.advance(5000);
  assert.deepEqual([connection.closed, connection.asked.length], [undefined, 1]);
  const session = sessions.find("demo");
  assert.ok(session !== undefined && sessions.places.isFree(session), "anybody may take over");
  handOver("demo");
  await clock.advance(30_000);
  assert.deepEqual(sessions.sessions, []);
});

Deno.test("who was asked and does not go is closed", async () => {
  const { clock, drain, publish } = setUp(knownBox("b"));
  const connection = publish("demo", new Connection({ canReconnect: true }));
  drain.start();
  await clock.advance(9750);
  assert.equal(connection.closed, undefined);
  await clock.advance(500);
  assert.match(connection.closed ?? "", /gives its broadcasts to others/);
});

Deno.test("others are closed a few at a time, the next ones once these are elsewhere", async () => {
  const { clock, drain, publish, handOver } = setUp(knownBox("b"));
  const connections = Array.from({ length: 10 }, (_, i) => publish(`show${i}`));
  const closed = () => connections.filter((connection) => connection.closed !== undefined).length;
  drain.start();
  assert.equal(closed(), 4);
  await clock.advance(1000);
  assert.equal(closed(), 4);
  handOver("show0");
  handOver("show3");
  await clock.advance(250);
  assert.equal(closed(), 6);
  await clock.advance(250);
  assert.equal(closed(), 6);
});

Deno.test("of a large box more leave at a time, so that it is empty within minutes", async () => {
  const { clock, drain, publish } = setUp(knownBox("b"));
  const connections = Array.from({ length: 1000 }, (_, i) => publish(`show${i}`));
  const closed = () => connections.filter((connection) => connection.closed !== undefined).length;
  drain.start();
  assert.equal(closed(), 20);
  await clock.advance(180_000);
  assert.equal(closed(), 1000);
});

Deno.test("encoders that do not come back hold up no others", async () => {
  const { clock, drain, publish } = setUp(knownBox("b"));
  const connections = Array.from({ length: 10 }, (_, i) => publish(`show${i}`));
  drain.start();
  await clock.advance(10_000);
  assert.ok(connections.every(({ closed }) => closed !== undefined));
});

Deno.test("where no other box is open, what is on air goes on here, and its DJs may come back", async () => {
  const { clock, drain, view, publish } = setUp(knownBox("b", { state: "draining" }));
  const connection = publish("demo");
  drain.start();
  await clock.advance(5000);
  assert.equal(connection.closed, undefined);
  connection.ingest?.end("lost");
  const back = publish("demo");
  assertRefused(() => publish("other"));
  view.boxes = [knownBox("a"), knownBox("c")];
  await clock.advance(250);
  assert.notEqual(back.closed, undefined, "it goes as soon as there is one");
});

Deno.test("a show that was just taken over is held for its DJ, who goes on with it elsewhere", async () => {
  const { clock, drain, sessions, kinds, left } = setUp(knownBox("b"));
  sessions.takeOver(carried(), "198.51.100.1");
  drain.start();
  assertRefused(() => {
    sessions.publish({ name: "demo", key: undefined, transport: new Connection() });
  });
  await clock.advance(29_000);
  const session = sessions.find("demo");
  assert.ok(session !== undefined && sessions.places.isFree(session), "the other box may have it");
  assert.equal(session.id, 4711);
  assert.equal(left(), 0, "the drain does not wait for it");
  session.end("moved", MOVED_REASON);
  assert.deepEqual([...sessions.sessions, ...kinds], ["release"]);
});

Deno.test("a show that was just taken over is over where its DJ does not come back in time", async () => {
  const { clock, drain, sessions } = setUp(knownBox("b"));
  sessions.takeOver(carried(), "198.51.100.1");
  drain.start();
  await clock.advance(30_000);
  assert.deepEqual(sessions.sessions, []);
});

Deno.test("a DJ who has just gone on with his show here is sent on, and his show is held", () => {
  const { drain, sessions, left } = setUp(knownBox("b"));
  sessions.takeOver(carried(), "198.51.100.1");
  const connection = new Connection();
  connection.ingest = sessions.publish({ name: "demo", key: undefined, transport: connection });
  drain.start();
  assert.match(connection.closed ?? "", /gives its broadcasts to others/);
  assert.equal(sessions.find("demo")?.id, 4711);
  assert.equal(left(), 0);
});

Deno.test("what nobody has heard yet ends as the drain begins, also where it was taken over", () => {
  const { drain, sessions } = setUp(knownBox("b"));
  sessions.takeOver(carried({ createdAtMs: undefined }), "198.51.100.1");
  sessions.reserve({ name: "own", protocol: "rtmp", address: "198.51.100.1", props: {} });
  drain.start();
  assert.deepEqual(sessions.sessions, []);
});

Deno.test("a box that drains no more takes broadcasts, and sends nobody away", async () => {
  const { clock, drain, states, publish } = setUp(knownBox("b"));
  const connections = Array.from({ length: 10 }, (_, i) => publish(`show${i}`));
  drain.start();
  drain.start();
  drain.cancel();
  drain.cancel();
  assert.deepEqual([drain.state, ...states], ["open", "draining", "open"]);
  await clock.advance(30_000);
  assert.equal(connections.filter(({ closed }) => closed !== undefined).length, 4);
  publish("other");
});
