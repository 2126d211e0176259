/** Sessions where DJs are known: whose they are, and which keys count. */
import assert from "node:assert/strict";
import { DjAuthority } from "../../src/dj/dj_authority.ts";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { parseDjs } from "../../src/dj/dj_list.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import { PublishRefused, type PublishRequest, type Transport } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import { publishTarget } from "../../src/rtmp/publish_target.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

const HOUR_MS = 3_600_000;

class Connection implements Transport {
  readonly protocol = "rtmp";
  readonly address = "192.0.2.1";
  closed: string | undefined;
  close(why: string): void {
    this.closed = why;
  }
}

function setUp(users: readonly string[] = ["anna", "ben"], lifeMs = 0) {
  const clock = new FakeClock();
  const events = new EventBus();
  const seen: SessionEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const keys = new KeyStore(clock, lifeMs);
  const authority = new DjAuthority({ clock });
  const lines = users.map((user) => `${user}:${hashOfDjKey(`key of ${user}`)}:*`);
  authority.replace(parseDjs(lines.join("\n"), "djs"));
  const sessions = sessionManager({
    clock,
    events,
    keys,
    auth: "dj",
    authority,
    maxSessions: 2000,
  });
  /** Asks as a door does, and publishes then. */
  const publish = async (request: Omit<PublishRequest, "transport">) => {
    const transport = new Connection();
    const answer = sessions.ask({ ...request, transport });
    await clock.advance(0);
    return sessions.publish({ ...request, transport, approved: await answer });
  };
  return { clock, keys, publish, seen, sessions };
}

function keyOf(user: string) {
  return { user, key: `key of ${user}` };
}

Deno.test("a session is its DJ's, and of the next one who takes over", async () => {
  const { publish, seen, sessions } = setUp();
  await publish({ name: "demo", ...keyOf("anna") });
  assert.equal(sessions.find("demo")?.props.dj, "anna");
  await publish({ name: "demo", ...keyOf("ben") });
  assert.equal(sessions.sessions.length, 1);
  assert.deepEqual(seen.map(({ kind, props }) => [kind, props.dj]), [
    ["authorize", "anna"],
    ["authorize", "ben"],
  ]);
});

Deno.test("a DJ has no time limit, unless there is one for keys", async () => {
  for (const [lifeMs, live] of [[0, 1], [HOUR_MS, 0]] as const) {
    const { clock, publish, sessions } = setUp(undefined, lifeMs);
    const ingest = await publish({ name: "demo", ...keyOf("anna") });
    clock.standStill(48 * HOUR_MS);
    assert.equal(sessions.sessions.length, live);
    ingest.end("finished");
  }
});

Deno.test("of several ways to read what was typed, that is meant which the DJ's key fits", async () => {
  const { publish, sessions } = setUp();
  const typed = { ...publishTarget("live", "demo?key=key%20of%20anna&user=anna") };
  await publish(typed);
  assert.equal(sessions.find("demo")?.props.dj, "anna");
});

Deno.test("a key of the control API is the DJ's who got it, until his are revoked", async () => {
  const { keys, publish, sessions } = setUp();
  const reservation = { protocol: "rtmp", address: "192.0.2.1", shown: "credentials" } as const;
  const props = { country: "NO", dj: "somebody else" };
  const { session, key } = sessions.reserve({ ...reservation, name: "demo", props, dj: "anna" });
  assert.deepEqual(session.props, { country: "NO", dj: "anna" });
  await publish({ name: "demo", key: key.token });
  assert.equal(session.props.dj, "anna");
  const { token } = keys.create("demo");
  keys.revoke(new Set(["anna"]));
  await assert.rejects(publish({ name: "demo", key: key.token }), PublishRefused);
  await publish({ name: "demo", key: token });
  assert.equal(session.props.dj, undefined, "the key is nobody's");
});

Deno.test("a yes for one name is none for another", async () => {
  const { sessions } = setUp();
  const request = { name: "demo", ...keyOf("anna"), transport: new Connection() };
  const approved = await sessions.ask(request);
  assert.throws(() => sessions.publish({ ...request, name: "other", approved }), PublishRefused);
});

Deno.test("after a restart a thousand DJs are back before any time has passed", async () => {
  const users = Array.from({ length: 1000 }, (_, i) => `dj${i}`);
  const { clock, publish, sessions } = setUp(users);
  const since = clock.monotonic();
  await Promise.all(users.map((user) => publish({ name: user, ...keyOf(user) })));
  assert.equal(clock.monotonic(), since);
  assert.deepEqual(sessions.sessions.map(({ props }) => props.dj), users);
});
