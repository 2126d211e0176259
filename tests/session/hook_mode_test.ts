/** Sessions in hook mode: when an authority is asked, and what its answer allows. */
import assert from "node:assert/strict";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import {
  PublishRefused,
  type PublishRequest,
  type RefusalKind,
  type Transport,
} from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import type { AuthMode } from "../../src/session/publish_rights.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { publishTarget } from "../../src/rtmp/publish_target.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { FakeAuthority } from "../../testing/session/fake_authority.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

const HOUR_MS = 3_600_000;

class Connection implements Transport {
  readonly protocol = "rtmp";
  closed: string | undefined;
  constructor(readonly address: string = "192.0.2.1") {}
  close(why: string): void {
    this.closed = why;
  }
}

function setUp(auth: AuthMode = "hook") {
  const clock = new FakeClock();
  const events = new EventBus();
  const seen: SessionEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const keys = new KeyStore(clock, HOUR_MS);
  const authority = new FakeAuthority();
  const sessions = sessionManager({ clock, events, keys, auth, authority });
  return { authority, clock, keys, seen, sessions };
}

function request(key: string | undefined, name: string = "demo"): PublishRequest {
  return { name, key, user: "dj", transport: new Connection() };
}

function refusal(kind: RefusalKind): (error: unknown) => boolean {
  return (error) => error instanceof PublishRefused && error.kind === kind;
}

Deno.test("in hook mode the authority is asked about whatever key it is", async () => {
  const { authority, sessions } = setUp();
  await sessions.ask(request("sesame"));
  await assert.rejects(sessions.ask(request("wrong")) ?? Promise.resolve(), refusal("not-allowed"));
  await assert.rejects(
    sessions.ask(request(undefined)) ?? Promise.resolve(),
    refusal("not-allowed"),
  );
  const facts = { name: "demo", protocol: "rtmp", address: "192.0.2.1" };
  assert.deepEqual(
    authority.asked,
    ["sesame", "wrong", undefined].map((key) => ({ ...facts, credentials: { user: "dj", key } })),
  );
});

for (const mode of ["open", "key"] as const) {
  Deno.test(`in ${mode} mode nobody is asked`, () => {
    const { authority, sessions } = setUp(mode);
    assert.equal(sessions.ask(request("sesame")), undefined);
    assert.deepEqual(authority.asked, []);
  });
}

Deno.test("a key of the control API is valid without a question, until it expires", async () => {
  const { authority, clock, keys, sessions } = setUp();
  const { token } = keys.create("demo");
  assert.equal(sessions.ask(request(token)), undefined);
  assert.equal(sessions.publish(request(token)).sessionName, "demo");
  await clock.advance(HOUR_MS + 1);
  assert.equal(sessions.ask(request(token)), undefined);
  assert.throws(() => sessions.publish(request(token)), refusal("key-expired"));
  assert.deepEqual(authority.asked, []);
});

Deno.test("who was not approved needs a key", () => {
  const { sessions } = setUp();
  assert.throws(() => sessions.publish(request("sesame")), refusal("key-unknown"));
  assert.throws(() => sessions.publish(request(undefined)), refusal("key-required"));
});

Deno.test("nobody is asked about what could not be published anyway", () => {
  const { authority, sessions } = setUp();
  assert.throws(() => sessions.ask(request("sesame", "no name")), refusal("invalid-name"));
  sessions.stop("shutdown", SERVER_REASON);
  assert.throws(() => sessions.ask(request("sesame")), refusal("stopping"));
  assert.deepEqual(authority.asked, []);
});

Deno.test("who was approved takes over as a holder of a key does", () => {
  const { sessions, seen } = setUp();
  const first = request("sesame");
  const ingest = sessions.publish({ ...first, approved: { name: "demo" } });
  const second = sessions.publish({ ...request("other"), approved: { name: "demo" } });
  assert.equal(second.sessionId, ingest.sessionId);
  assert.ok(first.transport instanceof Connection);
  assert.match(first.transport.closed ?? "", /took over/);
  assert.deepEqual(seen.map(({ kind }) => kind), ["authorize", "authorize"]);
});

Deno.test("a session that was approved ends when a key given then would expire", async () => {
  const { clock, sessions } = setUp();
  const ingest = sessions.publish({ ...request("sesame"), approved: { name: "demo" } });
  await clock.advance(20_000);
  sessions.publish({ ...request("sesame"), approved: { name: "demo" } });
  await clock.advance(HOUR_MS - 1);
  assert.ok(sessions.get(ingest.sessionId) !== undefined);
  await clock.advance(1);
  assert.equal(sessions.get(ingest.sessionId), undefined);
});

Deno.test("an answer that comes when the server stops lets nobody in", async () => {
  const { sessions } = setUp();
  const asked = request("sesame");
  await sessions.ask(asked);
  sessions.stop("shutdown", SERVER_REASON);
  assert.throws(
    () => sessions.publish({ ...asked, approved: { name: "demo" } }),
    refusal("stopping"),
  );
});

Deno.test("the authority gets the key as it was typed, and is not asked about another reading", async () => {
  const { authority, keys, sessions } = setUp();
  const typed = (app: string, streamName: string) => ({
    ...publishTarget(app, streamName),
    transport: new Connection(),
  });
  for (const key of ["q+Zx8/a+b==", "ab%41cd", "a&b=c", "what?now", "50%"]) {
    await Promise.allSettled([
      sessions.ask(typed("live", `demo?key=${key}`)),
      sessions.ask(typed("demo", key)),
    ]);
    const asked = authority.asked.splice(0).map(({ name, credentials }) => [name, credentials.key]);
    assert.deepEqual(asked, [["demo", key], ["demo", key]]);
  }
  const { token } = keys.create("demo");
  assert.equal(sessions.ask(typed("live", `demo?key=${token}&x=y`)), undefined);
});
