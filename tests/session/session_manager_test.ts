/** Sessions from the first frame to the end: who may publish, who takes over, what outputs get. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { StateNeed } from "../../src/session/continuity.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import type { FrameSink } from "../../src/session/frame_sink.ts";
import { PublishRefused, type RefusalKind, type Transport } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import { SERVER_REASON, UNKNOWN_REASON } from "../../src/session/reason.ts";
import type { AuthMode } from "../../src/session/publish_rights.ts";
import { publishTarget } from "../../src/rtmp/publish_target.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

const CONFIG = audioConfig();
const HOUR_MS = 3_600_000;

/** A sink that writes down what it is told. */
class Record implements FrameSink {
  readonly calls: string[] = [];

  start(config: AudioConfig): void {
    this.calls.push(`start ${config.sampleRate}`);
  }
  write({ data, position, filler }: Parameters<FrameSink["write"]>[0]): void {
    this.calls.push(filler ? `silence @${position}` : `${data[0]} @${position}`);
  }
  discontinuity(): void {
    this.calls.push("discontinuity");
  }
  end(how: string): void {
    this.calls.push(`end ${how}`);
  }
}

function setUp(
  auth: AuthMode = "open",
  limits: { maxSessions?: number; maxWaiting?: number } = {},
) {
  const clock = new FakeClock();
  const events = new EventBus();
  const seen: SessionEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const keys = new KeyStore(clock, HOUR_MS);
  const manager = sessionManager({ clock, events, keys, auth, ...limits });
  const sinks: Record[] = [];
  const stateNeeds: StateNeed[] = [];
  manager.addOutput((_, stateNeed) => {
    const sink = new Record();
    sinks.push(sink);
    stateNeeds.push(stateNeed);
    return sink;
  });
  /** Has the latest output need `frames` now. */
  const need = async (frames: number) => {
    stateNeeds.at(-1)?.({ at: clock.awake(), frames: () => frames });
    await clock.advance(0);
  };
  const kinds = () => seen.map((event) => event.kind);
  return { clock, keys, manager, sinks, seen, kinds, need };
}

class Connection implements Transport {
  closed: string | undefined;
  constructor(readonly protocol: "rtmp" | "srt" = "rtmp", readonly address: string = "10.1.2.3") {}
  close(why: string): void {
    this.closed = why;
  }
}

function refusal(kind: RefusalKind): (error: unknown) => boolean {
  return (error) => error instanceof PublishRefused && error.kind === kind;
}

function frame(value: number): Uint8Array {
  return new Uint8Array([value, 1, 2]);
}

Deno.test("a broadcast goes from its first frame to every output, and ends when its encoder says so", () => {
  const { manager, sinks, kinds, seen } = setUp();
  const ingest = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  const session = manager.find("demo");
  assert.equal(session?.state, "ready");
  assert.deepEqual(kinds(), ["authorize"]);
  ingest.configure(CONFIG);
  assert.equal(sinks.length, 0, "nothing begins before the first frame");
  ingest.write(frame(1), 0);
  ingest.write(frame(2), 21);
  assert.equal(session?.state, "publishing");
  ingest.end("finished");
  assert.equal(session?.state, "terminated");
  assert.deepEqual(sinks[0]?.calls, ["start 48000", "1 @0", "2 @1024", "end finished"]);
  assert.deepEqual(kinds(), ["authorize", "create", "input-quality", "release"]);
  const release = seen.at(-1);
  assert.deepEqual(release?.kind === "release" && release.reason, UNKNOWN_REASON);
  assert.equal(manager.find("demo"), undefined);
});

Deno.test("a lost connection pauses the session, and its return within the hold goes on in it", async () => {
  const { clock, manager, sinks, kinds } = setUp();
  const first = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  first.configure(CONFIG);
  first.write(frame(1), 0);
  first.end("lost");
  const session = manager.find("demo");
  assert.equal(session?.state, "paused");
  await clock.advance(250);
  const second = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  assert.equal(second.sessionId, first.sessionId);
  second.configure(CONFIG);
  second.write(frame(2), 777_000);
  assert.equal(session?.state, "publishing");
  assert.deepEqual(sinks[0]?.calls, ["start 48000", "1 @0", "2 @1024"]);
  assert.deepEqual(kinds().slice(2), ["input-quality", "pause", "authorize", "resume"]);
  manager.stop("shutdown", SERVER_REASON);
  assert.equal(clock.timerCount, 0);
});

Deno.test("what was missed until a return is silence, less what was put in meanwhile", async () => {
  const { clock, manager, sinks, need } = setUp();
  const first = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  first.configure(CONFIG);
  first.write(frame(1), 0);
  first.end("lost");
  await clock.advance(4000);
  await need(100);
  await clock.advance(4000);
  const second = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  second.configure(CONFIG);
  second.write(frame(2), 0);
  const missed = Math.round(8000 / (1024 / 48) - 1);
  assert.equal(manager.find("demo")?.quality.filler_count, missed);
  assert.equal(sinks[0]?.calls.at(-1), `2 @${(missed + 1) * 1024}`);
});

Deno.test("an RTMP session that nobody returns to is released after the hold", async () => {
  const { clock, manager, sinks } = setUp();
  const ingest = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  ingest.configure(CONFIG);
  ingest.write(frame(1), 0);
  ingest.end("lost");
  await clock.advance(29_999);
  assert.equal(manager.find("demo")?.state, "paused");
  await clock.advance(1);
  assert.equal(manager.find("demo"), undefined);
  assert.equal(sinks[0]?.calls.at(-1), "end lost");
});

Deno.test("an SRT session waits on after the hold; what comes then joins with a discontinuity", async () => {
  const { clock, manager, sinks, need } = setUp();
  const ingest = manager.publish({
    name: "demo",
    key: undefined,
    transport: new Connection("srt"),
  });
  ingest.configure(CONFIG);
  ingest.write(frame(1), 0);
  ingest.end("lost");
  await clock.advance(29_000);
  await need(1);
  await clock.advance(2000);
  await need(1);
  assert.equal(sinks[0]?.calls.at(-1), "discontinuity", "after the hold nothing is put in");
  const back = manager.publish({ name: "demo", key: undefined, transport: new Connection("srt") });
  back.configure(CONFIG);
  back.write(frame(2), 0);
  assert.deepEqual(sinks[0]?.calls, [
    "start 48000",
    "1 @0",
    "silence @1024",
    "discontinuity",
    "2 @2048",
  ]);
});

Deno.test("in open, a live publisher is not thrown out, a silent one is", async () => {
  const { clock, manager } = setUp();
  const live = new Connection();
  const ingest = manager.publish({ name: "demo", key: undefined, transport: live });
  ingest.configure(CONFIG);
  ingest.write(frame(1), 0);
  const stranger = { name: "demo", key: "whatever", transport: new Connection("rtmp", "10.9.9.9") };
  await clock.advance(1999);
  assert.throws(() => manager.publish(stranger), refusal("name-in-use"));
  await clock.advance(1);
  const second = manager.publish(stranger);
  assert.equal(live.closed, "another connection took over");
  assert.equal(second.sessionId, ingest.sessionId);
  ingest.write(frame(9), 21);
  assert.equal(manager.find("demo")?.quality.total_count, 1, "what the old one sends is ignored");
});

Deno.test("who was heard before the server stood still is not taken for silent", async () => {
  const { clock, manager } = setUp();
  const live = new Connection();
  const ingest = manager.publish({ name: "demo", key: undefined, transport: live });
  ingest.configure(CONFIG);
  ingest.write(frame(1), 0);
  const stranger = { name: "demo", key: undefined, transport: new Connection() };
  clock.standStill(12_000);
  assert.throws(() => manager.publish(stranger), refusal("name-in-use"));
  await clock.advance(1500);
  ingest.write(frame(2), 12_000);
  await clock.advance(1000);
  assert.throws(() => manager.publish(stranger), refusal("name-in-use"));
  await clock.advance(1000);
  manager.publish(stranger);
  assert.equal(live.closed, "another connection took over");
});

Deno.test("what a connection sent is read before another takes its place", async () => {
  const { clock, manager, kinds } = setUp();
  let wanted = 0;
  const transport = Object.assign(new Connection(), { readAtOnce: () => void wanted++ });
  const ingest = manager.publish({ name: "demo", key: undefined, transport });
  ingest.configure(CONFIG);
  ingest.write(frame(1), 0);
  clock.standStill(12_000);
  const request = { name: "demo", key: undefined, transport: new Connection() };
  let read = false;
  const asked = manager.ask(request)?.then((approved) => {
    assert.equal(approved, undefined);
    read = true;
  });
  assert.equal(wanted, 1);
  await clock.advance(500);
  assert.ok(!read);
  ingest.write(frame(2), 21);
  ingest.end("lost");
  await clock.advance(500);
  await asked;
  const back = manager.publish(request);
  back.configure(CONFIG);
  back.write(frame(3), 0);
  assert.equal(back.sessionId, ingest.sessionId);
  assert.equal(transport.closed, undefined, "it had ended by itself");
  assert.equal(manager.find("demo")?.quality.total_count, 3);
  assert.deepEqual(kinds().slice(2), ["input-quality", "pause", "authorize", "resume"]);
});

Deno.test("a DJ who is away has his time also where the server stands still", async () => {
  const { clock, manager, sinks } = setUp();
  const publish = (protocol: "rtmp" | "srt") => {
    const transport = new Connection(protocol);
    const ingest = manager.publish({ name: protocol, key: undefined, transport });
    ingest.configure(CONFIG);
    ingest.write(frame(1), 0);
    return ingest;
  };
  for (const ingest of [publish("rtmp"), publish("srt")]) ingest.end("lost");
  await clock.advance(25_000);
  clock.standStill(12_000);
  await clock.advance(4000);
  assert.deepEqual(sinks.map(({ calls }) => calls.at(-1)), ["1 @0", "1 @0"]);
  assert.equal(publish("rtmp").sessionId, manager.find("rtmp")?.id);
  await clock.advance(3000);
  assert.equal(manager.find("srt")?.isAbandoned, true);
  const [rtmp, srt] = sinks.map(({ calls }) => calls);
  assert.match(rtmp?.at(-1) ?? "", /^1 @/);
  assert.ok(!rtmp?.includes("discontinuity"), "it goes on behind the silence");
  assert.equal(srt?.at(-1), "discontinuity");
});

Deno.test("a reservation waits for its transport also where the server stands still", async () => {
  const { clock, manager } = setUp();
  manager.reserve({ name: "demo", protocol: "srt", address: "10.0.0.1", props: {} });
  await clock.advance(50_000);
  clock.standStill(12_000);
  await clock.advance(9000);
  assert.equal(manager.find("demo")?.state, "ready");
  await clock.advance(3000);
  assert.equal(manager.find("demo"), undefined);
});

Deno.test("a key ends its session in time whoever looked, and however long that is", async () => {
  const { clock, manager } = setUp("key");
  const publish = (name: string) => {
    manager.publish({ name, key: undefined, transport: new Connection(), approved: { name } });
  };
  publish("demo");
  clock.standStill(HOUR_MS);
  assert.equal(manager.find("demo"), undefined);
  const later = manager.reserve({ name: "later", protocol: "rtmp", address: "", props: {} });
  later.session.endAt(clock.monotonic() + 1000 * HOUR_MS);
  manager.attach(later.session, new Connection());
  await clock.advance(0);
  assert.equal(manager.find("later"), later.session);
  manager.stop("shutdown", SERVER_REASON);
  assert.equal(clock.timerCount, 0);
});

Deno.test("a valid key takes over at once, by any door", () => {
  const { keys, manager } = setUp("key");
  const { token } = keys.create("demo");
  const first = new Connection("srt");
  const ingest = manager.publish({ name: "demo", key: token, transport: first });
  const second = manager.publish({ name: "demo", key: token, transport: new Connection("rtmp") });
  assert.equal(second.sessionId, ingest.sessionId);
  assert.equal(first.closed, "another connection took over");
  assert.equal(manager.find("demo")?.protocol, "rtmp");
});

Deno.test("with keys needed, none, a wrong, another name's and an expired one are refused by kind", async () => {
  const { clock, keys, manager } = setUp("key");
  const { token } = keys.create("demo");
  const publish = (name: string, key?: string) => () =>
    manager.publish({ name, key, transport: new Connection() });
  assert.throws(publish("demo"), refusal("key-required"));
  assert.throws(publish("demo", ""), refusal("key-required"));
  assert.throws(publish("demo", "wrong"), refusal("key-unknown"));
  assert.throws(publish("other", token), refusal("key-unknown"));
  await clock.advance(HOUR_MS);
  assert.throws(publish("demo", token), refusal("key-expired"));
  assert.equal(manager.sessions.length, 0);
});

Deno.test("a session ends when the key that opened it does", async () => {
  const { clock, keys, manager, sinks, seen } = setUp("key");
  const { token } = keys.create("demo");
  const transport = new Connection();
  const ingest = manager.publish({ name: "demo", key: token, transport });
  ingest.configure(CONFIG);
  ingest.write(frame(1), 0);
  await clock.advance(HOUR_MS);
  assert.equal(sinks[0]?.calls.at(-1), "end teardown");
  assert.equal(transport.closed, SERVER_REASON.message);
  const release = seen.at(-1);
  assert.deepEqual(release?.kind === "release" && release.reason, SERVER_REASON);
});

for (const name of ["", "live", "../x", "a/b", "a b", "ü", "x".repeat(129), "a\n"]) {
  Deno.test(`the name ${JSON.stringify(name.slice(0, 20))} is refused`, () => {
    const { manager } = setUp();
    const request = { name, key: undefined, transport: new Connection() };
    assert.throws(() => manager.publish(request), refusal("invalid-name"));
  });
}

Deno.test("beyond the limit of sessions a publish is refused, and those that are on air stay", () => {
  const { manager } = setUp("open", { maxSessions: 2 });
  const publish = (name: string) =>
    manager.publish({ name, key: undefined, transport: new Connection() });
  publish("a");
  publish("b");
  assert.throws(() => publish("c"), refusal("limit"));
  assert.deepEqual(manager.sessions.map((session) => session.name), ["a", "b"]);
});

Deno.test("ids count up from the start time", () => {
  const { clock, manager } = setUp();
  const ids = ["a", "b", "c"].map((name) =>
    manager.publish({ name, key: undefined, transport: new Connection() }).sessionId
  );
  assert.deepEqual(ids, [clock.now(), clock.now() + 1, clock.now() + 2]);
});

Deno.test("a reservation waits for its transport, in open for a minute, four at a time an address", async () => {
  const { clock, manager } = setUp();
  const reserve = (name: string, address = "10.0.0.1") =>
    manager.reserve({ name, protocol: "srt", address, props: { country: "CH" } });
  const { session, key } = reserve("a");
  assert.deepEqual([session.state, session.props], ["ready", { country: "CH" }]);
  for (const name of ["b", "c", "d"]) reserve(name);
  assert.throws(() => reserve("e"), refusal("limit"));
  reserve("e", "10.0.0.2");
  const ingest = manager.publish({ name: "a", key: key.token, transport: new Connection("srt") });
  assert.equal(ingest.sessionId, session.id);
  reserve("f");
  await clock.advance(60_000);
  assert.deepEqual(manager.sessions.map((session) => session.name), ["a"]);
});

Deno.test("too many sessions that wait for a transport are refused to the control API", () => {
  const { manager } = setUp("key", { maxWaiting: 2 });
  const reserve = (name: string, shown?: "credentials", address = "10.0.0.1") =>
    manager.reserve({ name, protocol: "srt", address, props: {}, shown });
  reserve("a", "credentials");
  reserve("b", "credentials");
  assert.throws(() => reserve("c", "credentials"), refusal("limit"));
  assert.equal(reserve("a").session.id, manager.find("a")?.id, "one that exists is not a new one");
});

Deno.test("an address that shows no credentials leaves others half the sessions that may wait", () => {
  const { manager } = setUp("key", { maxWaiting: 4 });
  const reserve = (name: string, address: string) =>
    manager.reserve({ name, protocol: "srt", address, props: {} });
  const { key } = reserve("a", "2001:db8::1");
  reserve("b", "2001:db8::2");
  assert.throws(() => reserve("c", "2001:db8::3"), refusal("limit"));
  reserve("c", "2001:db8:0:1::1");
  manager.reserve({ name: "rtmp", protocol: "rtmp", address: "2001:db8::1", props: {} });
  manager.publish({ name: "a", key: key.token, transport: new Connection("srt") });
  reserve("d", "2001:db8::1");
});

Deno.test("reasons that were announced go with the next pause and resume", () => {
  const { manager, seen } = setUp();
  const ingest = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  ingest.configure(CONFIG);
  ingest.write(frame(1), 0);
  const reason = { code: 7, message: "phone call" };
  manager.find("demo")?.announce(reason);
  ingest.end("lost");
  const pause = seen.at(-1);
  assert.deepEqual(pause?.kind === "pause" && pause.reason, reason);
  const back = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  back.configure(CONFIG);
  back.write(frame(1), 0);
  const resume = seen.at(-1);
  assert.deepEqual(resume?.kind === "resume" && resume.reason, UNKNOWN_REASON);
});

Deno.test("once the server stops, nobody comes in", () => {
  const { manager, sinks } = setUp();
  const transport = new Connection();
  const ingest = manager.publish({ name: "demo", key: undefined, transport });
  ingest.configure(CONFIG);
  ingest.write(frame(1), 0);
  manager.stop("shutdown", SERVER_REASON);
  assert.equal(transport.closed, SERVER_REASON.message);
  assert.equal(sinks[0]?.calls.at(-1), "end shutdown");
  const again = { name: "demo", key: undefined, transport: new Connection() };
  assert.throws(() => manager.publish(again), refusal("stopping"));
});

Deno.test("an output that fails is left out, and the others hear on", () => {
  const { manager, sinks } = setUp();
  manager.addOutput(() => ({
    start: () => {},
    write: () => {
      throw new Error("a bug");
    },
    discontinuity: () => {},
    end: () => {},
  }));
  const ingest = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  ingest.configure(CONFIG);
  for (let i = 0; i < 3; i++) ingest.write(frame(i), i * 21);
  assert.deepEqual(sinks[0]?.calls, ["start 48000", "0 @0", "1 @1024", "2 @2048"]);
});

Deno.test("empty and oversized access units are counted as bad and go nowhere", () => {
  const { manager, sinks } = setUp();
  const ingest = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  ingest.configure(CONFIG);
  ingest.write(frame(1), 0);
  ingest.write(new Uint8Array(0), 21);
  ingest.write(new Uint8Array(8185), 42);
  assert.equal(manager.find("demo")?.quality.bad_count, 2);
  assert.deepEqual(sinks[0]?.calls, ["start 48000", "1 @0"]);
});

Deno.test("a name has at most four keys: the oldest goes", () => {
  const { keys } = setUp();
  const tokens = [1, 2, 3, 4, 5].map(() => keys.create("demo").token);
  const kinds = tokens.map((token) => keys.check("demo", token).kind);
  assert.deepEqual(kinds, ["unknown", "valid", "valid", "valid", "valid"]);
  assert.ok(tokens.every((token) => /^[0-9a-f]{32}$/.test(token)));
});

Deno.test("names whose keys are long expired are forgotten", async () => {
  const { clock, keys } = setUp();
  keys.create("demo");
  await clock.advance(HOUR_MS * 2 - 60_000);
  assert.equal(keys.size, 1, "its holder is still told that it has expired");
  await clock.advance(120_000);
  assert.equal(keys.size, 0);
});

Deno.test("a server that drains lets broadcasts go on and come back, and takes no new ones", async () => {
  const { clock, manager } = setUp();
  const first = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  first.configure(CONFIG);
  first.write(frame(1), 0);
  const silent = new Connection("rtmp", "10.9.9.9");
  manager.publish({ name: "silent", key: undefined, transport: silent });
  manager.reserve({ name: "waiting", protocol: "srt", address: "10.8.8.8", props: {} });
  manager.drain();
  assert.deepEqual(manager.sessions.map(({ name }) => name), ["demo"]);
  assert.notEqual(silent.closed, undefined);

  const other = { name: "other", key: undefined, transport: new Connection() };
  assert.throws(() => manager.publish(other), refusal("stopping"));
  const reservation = { protocol: "srt", address: "10.8.8.8", props: {} } as const;
  assert.throws(() => manager.reserve({ ...reservation, name: "other" }), refusal("stopping"));

  first.end("lost");
  await clock.advance(1000);
  const second = manager.publish({ name: "demo", key: undefined, transport: new Connection() });
  assert.equal(second.sessionId, first.sessionId);
  second.configure(CONFIG);
  second.write(frame(2), 0);
  assert.equal(
    manager.reserve({ ...reservation, name: "demo", shown: manager.find("demo") }).session.id,
    first.sessionId,
  );
  second.end("finished");
  assert.throws(
    () => manager.publish({ name: "demo", key: undefined, transport: new Connection() }),
    refusal("stopping"),
  );
  manager.stop("shutdown", SERVER_REASON);
});

Deno.test("a lower limit counts for who comes next, and leaves who is there", () => {
  const { manager } = setUp();
  for (const name of ["one", "two"]) {
    manager.publish({ name, key: undefined, transport: new Connection() });
  }
  manager.openness.limits = { maxSessions: 1, maxWaiting: 1 };
  assert.equal(manager.sessions.length, 2);
  const third = { name: "three", key: undefined, transport: new Connection() };
  assert.throws(() => manager.publish(third), refusal("limit"));
  manager.openness.limits = { maxSessions: 3, maxWaiting: 1 };
  manager.publish(third);
  manager.stop("shutdown", SERVER_REASON);
});

Deno.test("a session stands still from the end of the hold until its DJ is back", async () => {
  const { clock, manager } = setUp();
  const first = manager.publish({ name: "demo", key: undefined, transport: new Connection("srt") });
  first.configure(CONFIG);
  first.write(frame(1), 0);
  first.end("lost");
  const session = manager.find("demo");
  await clock.advance(29_999);
  assert.equal(session?.isAbandoned, false);
  await clock.advance(1);
  assert.equal(session?.isAbandoned, true);
  const second = manager.publish({
    name: "demo",
    key: undefined,
    transport: new Connection("srt"),
  });
  second.configure(CONFIG);
  second.write(frame(2), 0);
  assert.equal(session?.isAbandoned, false);
  manager.stop("shutdown", SERVER_REASON);
});

/** A request as a door makes it of what was typed. */
function typed(app: string, streamName: string) {
  return { ...publishTarget(app, streamName), transport: new Connection() };
}

Deno.test("a key fits as it was typed, with more behind it, and escaped", () => {
  const { keys, manager } = setUp("key");
  const { token } = keys.create("demo");
  const escaped = `%${token.charCodeAt(0).toString(16)}${token.slice(1)}`;
  const forms: [app: string, streamName: string][] = [
    ["demo", token],
    ["demo", `${token}?x=y`],
    ["demo", escaped],
    ["live", `demo?key=${token}`],
    ["live", `demo?key=${token}&x=y`],
    ["live", `demo?key=${escaped}`],
    ["live/demo", token],
    ["live/demo", `?key=${token}`],
    [`live/demo?key=${token}`, ""],
    [`live/demo?key=${token}`, "any"],
    [`demo?key=${token}`, "any"],
    ["radio", `demo?key=${token}`],
    ["radio/demo", token],
    [" live\n", `\tdemo?key=${token}\r\n`],
  ];
  for (const [app, streamName] of forms) {
    assert.equal(
      manager.publish(typed(app, streamName)).sessionName,
      "demo",
      `${app} ${streamName}`,
    );
  }
});

Deno.test("where keys are needed, no key is taken for a name", () => {
  for (const auth of ["key", "hook"] as const) {
    const { manager } = setUp(auth);
    for (const app of ["app1", "radio", "radio/demo"]) {
      assert.throws(
        () => manager.publish(typed(app, "sesame")),
        (error) => error instanceof PublishRefused && !/sesame/.test(error.message),
      );
    }
  }
});

Deno.test("in open, what stands behind another server's application is the name", () => {
  const { manager } = setUp();
  const names = [["app1", "one"], ["stream", "two"], ["radio/three", "any"], ["publish", "four"]];
  for (const [app = "", streamName = ""] of names) {
    const expected = app === "radio/three" ? "three" : streamName;
    assert.equal(manager.publish(typed(app, streamName)).sessionName, expected);
  }
  assert.equal(manager.publish(typed("other", "anykey")).sessionName, "other");
});

Deno.test("in open, a name that a key was made for, or that is on air, is no application", () => {
  const { keys, manager } = setUp();
  keys.create("app1");
  assert.equal(manager.publish(typed("app1", "mistyped")).sessionName, "app1");
  manager.publish({ name: "app2", key: undefined, transport: new Connection() });
  assert.throws(() => manager.publish(typed("app2", "any")), refusal("name-in-use"));
});
