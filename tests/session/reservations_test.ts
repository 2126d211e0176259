/** What reservations that nobody's credentials stand behind are worth: nothing against others. */
import assert from "node:assert/strict";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import { type AdmittedIngest, PublishRefused, type Transport } from "../../src/session/ingest.ts";
import { type KeyCheck, KeyStore } from "../../src/session/key_store.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import type { AuthMode } from "../../src/session/publish_rights.ts";
import type { Session } from "../../src/session/session.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

const HOUR_MS = 3_600_000;
const STRANGER = "203.0.113.66";
const DJ = "198.51.100.7";

class Connection implements Transport {
  readonly protocol = "rtmp";
  closed: string | undefined;
  constructor(readonly address: string) {}
  close(why: string): void {
    this.closed = why;
  }
}

/** Keys that count how often one is looked up. */
class CountedKeys extends KeyStore {
  lookUps = 0;
  override check(...args: Parameters<KeyStore["check"]>): KeyCheck {
    this.lookUps++;
    return super.check(...args);
  }
}

/** Sessions where nobody's credentials are checked, and who comes to the name `demo`. */
class Studio {
  readonly clock = new FakeClock();
  readonly keys = new CountedKeys(this.clock, HOUR_MS);
  readonly events = new EventBus();
  readonly manager;

  constructor(auth: AuthMode = "open") {
    const { clock, events, keys } = this;
    this.manager = sessionManager({ clock, events, keys, auth });
  }

  reserve(address: string, shown?: "credentials" | Session): { session: Session; key: string } {
    const request = { name: "demo", protocol: "rtmp", address, props: {}, shown } as const;
    const { session, key } = this.manager.reserve(request);
    return { session, key: key.token };
  }

  publish(address: string, key?: string): AdmittedIngest {
    return this.manager.publish({ name: "demo", key, transport: new Connection(address) });
  }

  /** Publishes with one frame. */
  goLive(address: string, key?: string): AdmittedIngest {
    const ingest = this.publish(address, key);
    ingest.configure(audioConfig());
    ingest.write(new Uint8Array(10), 0);
    return ingest;
  }

  /** That nobody gets the name by this key now. */
  isRefused(key: string): void {
    assert.throws(() => this.publish(STRANGER, key), isInUse);
    assert.equal(this.manager.provenBy("demo", key), undefined);
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof PublishRefused && error.kind === "name-in-use";
}

Deno.test("a DJ without a key does not get into what a stranger has reserved, whose key and session are void", () => {
  const studio = new Studio();
  const reserved = studio.reserve(STRANGER);
  const dj = studio.goLive(DJ);
  assert.notEqual(dj.sessionId, reserved.session.id);
  assert.equal(reserved.session.state, "terminated", "nor is it there to be torn down");
  assert.equal(studio.manager.get(reserved.session.id), undefined);
  assert.equal(studio.manager.find("demo")?.id, dj.sessionId);
  studio.isRefused(reserved.key);
});

Deno.test("a session that ends because another one has the name says so, so that nobody takes the name for over", () => {
  const studio = new Studio();
  const reserved = studio.reserve(STRANGER).session;
  const connection = new Connection("203.0.113.1");
  const silent = studio.manager.publish({ name: "demo", key: undefined, transport: connection });
  const events: SessionEvent[] = [];
  studio.events.subscribe((event) => events.push(event));
  const dj = studio.goLive(DJ);
  const why = "another session of the name is on air";
  assert.deepEqual(
    events.map((event) => [event.kind, event.id, "reason" in event && event.reason]),
    [
      ["authorize", dj.sessionId, false],
      ["release", reserved.id, { code: 30000, message: why }],
      ["release", silent.sessionId, { code: 30000, message: why }],
      ["create", dj.sessionId, false],
    ],
  );
  assert.equal(connection.closed, why);
});

Deno.test("a key whose session was over before the DJ came is void against him", async () => {
  const studio = new Studio();
  const { key } = studio.reserve(STRANGER);
  await studio.clock.advance(60_000);
  assert.equal(studio.manager.find("demo"), undefined);
  studio.goLive(DJ);
  studio.isRefused(key);
});

Deno.test("so is one by which its holder was on air before", () => {
  const studio = new Studio();
  const { key } = studio.reserve(STRANGER);
  studio.goLive(STRANGER, key).end("finished");
  const dj = studio.reserve(DJ);
  studio.goLive(DJ, dj.key);
  studio.isRefused(key);
});

Deno.test("a stranger's connection that sends no audio makes the session no DJ's", async () => {
  const studio = new Studio();
  const reserved = studio.reserve(STRANGER);
  studio.publish(STRANGER, reserved.key);
  await studio.clock.advance(2000);
  const dj = studio.goLive(DJ);
  assert.notEqual(dj.sessionId, reserved.session.id);
  studio.isRefused(reserved.key);
});

for (const auth of ["open", "key"] as const) {
  Deno.test(`two reservations from two addresses do not touch each other, and the first on air has the name: ${auth}`, () => {
    const studio = new Studio(auth);
    const dj = studio.reserve(DJ);
    const strangers = ["203.0.113.1", "203.0.113.2", STRANGER]
      .map((address) => studio.reserve(address));
    assert.equal(new Set([dj, ...strangers].map(({ session }) => session.id)).size, 4);
    assert.equal(dj.session.state, "ready");
    assert.equal(studio.goLive("192.0.2.55", dj.key).sessionId, dj.session.id);
    for (const { session, key } of strangers) {
      assert.equal(session.state, "terminated");
      studio.isRefused(key);
    }
    assert.deepEqual(studio.manager.sessions, [dj.session]);
  });

  Deno.test(`the key takes over again, also in a later broadcast that was opened by it: ${auth}`, () => {
    const studio = new Studio(auth);
    const { session, key } = studio.reserve(DJ);
    assert.equal(studio.goLive(DJ, key).sessionId, session.id);
    studio.goLive("192.0.2.55", key).end("finished");
    const later = studio.goLive(DJ, key);
    assert.notEqual(later.sessionId, session.id);
    assert.equal(studio.goLive("192.0.2.55", key).sessionId, later.sessionId);
  });
}

Deno.test("who comes first and sends no audio does not get the name from who sends some", () => {
  const studio = new Studio();
  const dj = studio.reserve(DJ);
  const reserved = studio.reserve(STRANGER);
  const silent = new Connection(STRANGER);
  studio.manager.publish({ name: "demo", key: reserved.key, transport: silent });
  assert.equal(dj.session.state, "ready", "nobody is heard yet");
  studio.goLive(DJ);
  assert.equal(studio.manager.find("demo"), dj.session);
  assert.deepEqual(studio.manager.sessions, [dj.session], "never two at once");
  assert.notEqual(silent.closed, undefined);
});

Deno.test("what a stranger has reserved gives him nothing of a DJ who has connected, heard or not", () => {
  const studio = new Studio();
  const reserved = studio.reserve(STRANGER);
  const dj = studio.publish(DJ);
  const again = studio.reserve(STRANGER, reserved.session);
  assert.equal(again.session, reserved.session, "his own one");
  assert.equal(studio.manager.provenBy("demo", again.key), reserved.session);
  dj.configure(audioConfig());
  dj.write(new Uint8Array(10), 0);
  assert.throws(() => studio.reserve(STRANGER, reserved.session), isInUse);
  studio.isRefused(again.key);
});

Deno.test("who shows the right to another session of the name has shown nothing of the one on air", async () => {
  const studio = new Studio();
  const { session } = studio.reserve(STRANGER);
  const dj = studio.goLive(DJ);
  await studio.clock.advance(1999);
  assert.throws(() => studio.reserve(STRANGER, session), isInUse);
  await studio.clock.advance(1);
  assert.equal(studio.reserve(STRANGER, session).session.id, dj.sessionId, "who is silent");
});

Deno.test("a strange connection that is not heard keeps no DJ out, with a reservation or without, however often it comes", () => {
  const silent = (studio: Studio) => {
    for (let i = 0; i < 3; i++) studio.publish(STRANGER).end("lost");
    studio.publish(STRANGER);
  };
  const withKey = new Studio();
  const { session, key } = withKey.reserve(DJ);
  silent(withKey);
  assert.equal(withKey.reserve(DJ).session, session, "he may reserve again");
  assert.equal(withKey.goLive("192.0.2.55", key).sessionId, session.id);

  const byAddress = new Studio();
  const reserved = byAddress.reserve(DJ);
  silent(byAddress);
  assert.equal(byAddress.goLive(DJ).sessionId, reserved.session.id);

  const neither = new Studio();
  silent(neither);
  const stranger = neither.manager.find("demo");
  const dj = neither.goLive(DJ);
  assert.notEqual(dj.sessionId, stranger?.id);
  assert.equal(stranger?.state, "terminated");

  const reservesLater = new Studio();
  silent(reservesLater);
  const later = reservesLater.reserve(DJ);
  assert.equal(reservesLater.goLive("192.0.2.55", later.key).sessionId, later.session.id);
});

Deno.test("who publishes without a key from where he reserved gets what he reserved", () => {
  const studio = new Studio();
  studio.reserve(STRANGER);
  const { session } = studio.reserve("2001:db8::1");
  assert.equal(studio.goLive("2001:db8::2").sessionId, session.id, "of the same network");
});

Deno.test("who reserves again has the same session by address, cookie, or credentials", () => {
  const studio = new Studio();
  const { session } = studio.reserve(DJ);
  studio.reserve(STRANGER);
  assert.equal(studio.reserve(DJ).session, session);
  assert.equal(studio.reserve("192.0.2.55", session).session, session);
  const backed = new Studio("key");
  const first = backed.reserve(DJ, "credentials");
  assert.equal(backed.reserve("192.0.2.55", "credentials").session, first.session);
});

Deno.test("a key of an earlier session counts in the reserved one that it opens", () => {
  const studio = new Studio("key");
  const { key } = studio.reserve(DJ);
  studio.goLive(DJ, key).end("finished");
  const { session } = studio.reserve(DJ);
  assert.equal(studio.goLive(DJ, key).sessionId, session.id);
  assert.equal(studio.goLive("192.0.2.55", key).sessionId, session.id, "and takes over");
});

Deno.test("the name of a stranger's reservation that ends is that of those who still wait", async () => {
  const studio = new Studio();
  studio.reserve(DJ);
  await studio.clock.advance(30_000);
  const { session } = studio.reserve(STRANGER);
  await studio.clock.advance(30_000);
  assert.equal(studio.manager.find("demo"), session);
  await studio.clock.advance(30_000);
  assert.equal(studio.manager.find("demo"), undefined);
});

Deno.test("a key for checked credentials counts in every broadcast of its name", async () => {
  const studio = new Studio("key");
  const { key } = studio.reserve(DJ, "credentials");
  const { key: another } = studio.reserve(DJ, "credentials");
  await studio.clock.advance(1_800_000);
  assert.equal(studio.manager.find("demo"), undefined, "nobody came");
  const { sessionId } = studio.goLive("192.0.2.55", another);
  assert.equal(studio.goLive("192.0.2.56", key).sessionId, sessionId);
});

Deno.test("strangers' keys push nobody else's out, and four of each are enough", () => {
  const { keys } = new Studio("key");
  const always = keys.create("demo").token;
  const own = keys.create("demo", 1).token;
  for (let session = 2; session < 100; session++) {
    for (let i = 0; i < 6; i++) keys.create("demo", session);
    keys.release({ name: "demo", id: session }, false);
  }
  assert.equal(keys.proves({ name: "demo", id: 7 }, always), true);
  assert.equal(keys.proves({ name: "demo", id: 1 }, own), true);
  assert.equal(keys.proves({ name: "demo", id: 7 }, own), false);
  keys.release({ name: "demo", id: 1 }, true);
  assert.equal(keys.proves({ name: "demo", id: 1 }, own), false);
  assert.equal(keys.check("demo", own).kind, "valid", "it opens a new session");
  for (let session = 2; session < 6; session++) {
    keys.create("demo", session);
    keys.release({ name: "demo", id: session }, true);
  }
  assert.equal(keys.check("demo", own).kind, "unknown", "four newer ones were on air");
});

Deno.test("a key is looked up as often where the name has a hundred sessions as where it has one", () => {
  const lookUps = (sessions: number) => {
    const studio = new Studio();
    studio.manager.openness.limits = { maxSessions: sessions + 1, maxWaiting: 0 };
    for (let i = 0; i < sessions; i++) studio.reserve(`192.0.2.${i}`);
    studio.keys.lookUps = 0;
    assert.equal(studio.manager.provenBy("demo", "0".repeat(32)), undefined);
    studio.goLive(DJ, "0".repeat(32));
    return studio.keys.lookUps;
  };
  assert.equal(lookUps(100), lookUps(1));
});

for (const auth of ["open", "key"] as const) {
  Deno.test(`strangers who ask for a name whose show is over void no key of its DJ: ${auth}`, () => {
    const studio = new Studio(auth);
    const { key } = studio.reserve(DJ);
    const show = studio.goLive(DJ, key);
    studio.manager.get(show.sessionId)?.end("lost", SERVER_REASON);
    for (let i = 0; i < 10; i++) studio.reserve(STRANGER).session.end("teardown", SERVER_REASON);
    const next = studio.goLive(DJ, key);
    assert.equal(studio.manager.provenBy("demo", key)?.id, next.sessionId);
    assert.equal(studio.goLive("192.0.2.55", key).sessionId, next.sessionId, "he takes over");
  });
}

Deno.test("a key is void neither while its broadcast is on air nor after it, whatever other names are asked for", () => {
  const { keys } = new Studio();
  const live = keys.create("live-now", 1).token;
  const over = keys.create("over", 2).token;
  keys.release({ name: "over", id: 2 }, true);
  for (let id = 3; id < 100_010; id++) {
    keys.create(`name-${id}`, id);
    keys.release({ name: `name-${id}`, id }, false);
  }
  assert.equal(keys.check("live-now", live).kind, "valid");
  assert.equal(keys.check("over", over).kind, "valid");
  assert.equal(keys.size, 10_002, "nor is memory used for all of them");
});

Deno.test("where too many names have keys, those without a session go, the oldest first", () => {
  const { keys } = new Studio("key");
  const tokens = ["oldest", "live-now", "older"].map((name) => keys.create(name).token);
  for (let i = 0; i < 99_999; i++) keys.create(`name-${i}`);
  keys.sweep((name) => name === "live-now");
  const kinds = ["oldest", "live-now", "older"].map((name, i) => {
    return keys.check(name, tokens[i] ?? "").kind;
  });
  assert.deepEqual(kinds, ["unknown", "valid", "unknown"]);
  assert.equal(keys.size, 100_000);
});
