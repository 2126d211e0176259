/** Sessions that go from one box to another, as the sessions' side has it. */
import assert from "node:assert/strict";
import type { CarriedSession } from "../../src/session/carried_session.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import type { FrameSink } from "../../src/session/frame_sink.ts";
import { nameInUse, PublishRefused, type Transport } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import type { Names, NameWish } from "../../src/session/names.ts";
import { MOVED_REASON } from "../../src/session/reason.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

const HOLD_MS = 30_000;
const FRAME = new Uint8Array([1, 2, 3]);

class Connection implements Transport {
  readonly protocol = "rtmp";
  readonly address = "192.0.2.7";
  closed: string | undefined;
  close(why: string): void {
    this.closed = why;
  }
}

/** Names of which others have some. */
class FewNames implements Names {
  readonly mine = new Set<string>();
  readonly wishes: NameWish[] = [];
  refusal: PublishRefused | undefined;
  onOwned: (name: string) => void = () => {};
  /** Others answer once this is resolved. */
  answered: Promise<void> = Promise.resolve();

  owns(name: string): boolean {
    return this.mine.has(name);
  }

  async own(wish: NameWish): Promise<void> {
    this.wishes.push(wish);
    await this.answered;
    if (this.refusal !== undefined) throw this.refusal;
    this.mine.add(wish.name);
    this.onOwned(wish.name);
  }

  sessionId(): number {
    return 77;
  }
}

function setUp(auth: "open" | "key" = "open", maxSessions = 10) {
  const clock = new FakeClock();
  const events = new EventBus();
  const seen: SessionEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const keys = new KeyStore(clock, 0);
  const manager = sessionManager({ clock, events, keys, auth, maxSessions });
  const names = new FewNames();
  manager.names = names;
  const ends: string[] = [];
  manager.addOutput((): FrameSink => ({
    start: () => {},
    write: () => {},
    discontinuity: () => {},
    end: (how) => ends.push(how),
  }));
  const kinds = () => seen.map(({ kind }) => kind);
  return { clock, keys, manager, names, seen, kinds, ends };
}

function carried(change: Partial<CarriedSession> = {}): CarriedSession {
  return {
    ...{ id: 4711, name: "demo", protocol: "rtmp", props: { show: "late" }, holdMs: HOLD_MS },
    ...{ createdAtMs: Date.UTC(2025, 11, 31), isPaused: false },
    ...change,
  };
}

function request(transport: Transport, key?: string) {
  return { name: "demo", key, transport };
}

Deno.test("a session that is carried on keeps its id, its beginning and what was said of it", () => {
  const { manager, seen, names, kinds } = setUp();
  names.mine.add("demo");
  manager.takeOver(carried(), "192.0.2.7");
  const session = manager.find("demo");
  const ingest = manager.publish(request(new Connection()));
  ingest.configure(audioConfig());
  ingest.write(FRAME, 0);
  assert.equal(ingest.sessionId, 4711);
  assert.equal(session?.created?.wallMs, Date.UTC(2025, 11, 31));
  assert.deepEqual(session?.props, { show: "late" });
  assert.deepEqual(kinds(), ["authorize", "create"]);
  const create = seen.at(-1);
  assert.equal(create?.kind === "create" && create.goesOn, true, "hook servers are not told again");
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("the return of a DJ who was away is told where he comes back", () => {
  const { manager, names, kinds } = setUp();
  names.mine.add("demo");
  manager.takeOver(carried({ isPaused: true }), "192.0.2.7");
  const ingest = manager.publish(request(new Connection()));
  ingest.configure(audioConfig());
  ingest.write(FRAME, 0);
  assert.deepEqual(kinds(), ["authorize", "resume", "create"]);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("a carried session to which nobody comes within its hold is over, and that is told", async () => {
  const { clock, manager, seen } = setUp();
  manager.takeOver(carried({ holdMs: 5000 }), "192.0.2.7");
  await clock.advance(4900);
  assert.notEqual(manager.find("demo"), undefined);
  await clock.advance(200);
  assert.equal(manager.find("demo"), undefined);
  const release = seen.at(-1);
  assert.equal(release?.kind, "release");
  assert.equal(release?.kind === "release" && release.goesOn, undefined);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("a session that another box has ends here without a word to hook servers", () => {
  const { manager, names, seen, ends } = setUp();
  names.mine.add("demo");
  const transport = new Connection();
  const ingest = manager.publish(request(transport));
  ingest.configure(audioConfig());
  ingest.write(FRAME, 0);
  manager.find("demo")?.end("moved", MOVED_REASON);
  assert.equal(transport.closed, MOVED_REASON.message);
  assert.deepEqual(ends, ["moved"]);
  const release = seen.at(-1);
  assert.equal(release?.kind === "release" && release.goesOn, true);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("a name that others may have is asked for before somebody publishes it", async () => {
  const { manager, names } = setUp();
  names.onOwned = () => manager.takeOver(carried(), "192.0.2.7");
  const transport = new Connection();
  await manager.ask(request(transport, "k1"));
  assert.deepEqual(names.wishes, [{
    ...{ name: "demo", protocol: "rtmp", address: "192.0.2.7" },
    shown: { tokens: ["k1"], approved: false },
  }]);
  assert.equal(manager.publish(request(transport)).sessionId, 4711);
  assert.equal(
    manager.ask(request(new Connection()))?.constructor,
    Promise,
    "others are read first",
  );
  assert.equal(names.wishes.length, 1);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("who may not publish moves no name", async () => {
  const { manager, names } = setUp("key");
  const asked = Promise.resolve(manager.ask(request(new Connection(), "wrong")));
  await assert.rejects(asked, PublishRefused);
  await assert.rejects(
    async () => await manager.ask({ ...request(new Connection(), "k"), name: "live" }),
    PublishRefused,
  );
  assert.deepEqual(names.wishes, []);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("who waits for a name has a place, so that what others gave away finds room", async () => {
  const { clock, manager, names } = setUp("open", 1);
  const { promise, resolve } = Promise.withResolvers<void>();
  names.answered = promise;
  names.onOwned = () => manager.takeOver(carried(), "192.0.2.7");
  const asked = manager.ask(request(new Connection()));
  await clock.advance(0);
  const other = { ...request(new Connection()), name: "other" };
  assert.throws(() => manager.publish(other), { kind: "limit" });
  await assert.rejects(async () => await manager.ask(other), { kind: "limit" });
  resolve();
  await asked;
  assert.deepEqual(names.wishes.map(({ name }) => name), ["demo"], "the other was not asked for");
  assert.equal(manager.find("demo")?.id, 4711);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("who was refused a name holds no place any more", async () => {
  const { manager, names } = setUp("open", 1);
  names.refusal = nameInUse("demo");
  await assert.rejects(Promise.resolve(manager.ask(request(new Connection()))), /somebody else/);
  manager.publish({ ...request(new Connection()), name: "other" });
  assert.notEqual(manager.find("other"), undefined);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("what was taken from another box finds room where there are fewer places by now", async () => {
  const { manager, names } = setUp("open", 1);
  names.onOwned = () => {
    manager.openness.limits = { maxSessions: 0, maxWaiting: 0 };
    manager.takeOver(carried(), "192.0.2.7");
  };
  await manager.ask(request(new Connection()));
  assert.equal(manager.find("demo")?.id, 4711);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("who is refused where the name is does not publish here", async () => {
  const { manager, names } = setUp();
  names.refusal = nameInUse("demo");
  await assert.rejects(Promise.resolve(manager.ask(request(new Connection()))), /somebody else/);
  assert.equal(manager.find("demo"), undefined);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("titles of somebody who does not publish here move no name", async () => {
  const { manager, names } = setUp();
  await manager.approve(request(new Connection()));
  assert.deepEqual(names.wishes, []);
  manager.stop("shutdown", MOVED_REASON);
});

Deno.test("new sessions get ids of the fleet", () => {
  const { manager, names } = setUp();
  names.mine.add("demo");
  assert.equal(manager.publish(request(new Connection())).sessionId, 77);
  manager.stop("shutdown", MOVED_REASON);
});
