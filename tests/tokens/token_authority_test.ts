/** Holds what tokens let people publish to their rights, by doors and by the control API. */
import assert from "node:assert/strict";
import type { Question } from "../../src/session/authority.ts";
import { EventBus } from "../../src/session/events.ts";
import { PublishRefused, type RefusalKind } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import { publishTarget } from "../../src/rtmp/publish_target.ts";
import { TokenAuthority } from "../../src/tokens/token_authority.ts";
import { TokenVerifier } from "../../src/tokens/token_verifier.ts";
import { Connection, publishBody, setUpApi } from "../../testing/control/control_api.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";
import { FakeKeySource, Issuer } from "../../testing/tokens/issuer.ts";

const START = Date.UTC(2026, 0, 1);
const PUBLISH = [{ action: "publish", name: "dj*" }];

function setUp(endsSession = false, clock = new FakeClock(START)) {
  const issuer = new Issuer();
  const keys = new FakeKeySource(issuer);
  const verifier = new TokenVerifier({ clock, keys, issuer: undefined, audience: undefined });
  const authority = new TokenAuthority({ clock, verifier, endsSession });
  const ask = (question: Partial<Question>) =>
    authority.ask({
      ...{ name: "dj1", protocol: "rtmp", address: "192.0.2.1", credentials: {} },
      ...question,
    });
  return { ask, authority, clock, issuer, keys };
}

function refusal(kind: RefusalKind, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PublishRefused, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, words);
    return true;
  };
}

Deno.test("a token lets in for its names, by doors in the place of the key", async () => {
  const { ask, issuer } = setUp();
  const key = issuer.token(PUBLISH);
  assert.equal((await ask({ credentials: { key } })).name, "dj1");
  await assert.rejects(
    ask({ name: "other", credentials: { key } }),
    refusal("not-allowed", /^Cannot publish other: the token does not allow it$/),
  );
  for (const action of ["listen", "control", "stat"]) {
    const other = issuer.token([{ action, name: "*" }]);
    await assert.rejects(
      ask({ credentials: { key: other } }),
      refusal("not-allowed", /does not allow it/),
    );
  }
});

Deno.test("each way to be wrong is told as what it is", async () => {
  const { ask, issuer, keys } = setUp();
  const of = (claims: Record<string, unknown>) => ({
    credentials: { key: issuer.token(PUBLISH, { claims }) },
  });
  await assert.rejects(ask({}), refusal("key-required", /a token or a key is needed/));
  await assert.rejects(
    ask({ credentials: { key: "hunter2" } }),
    refusal("key-unknown", /the key is wrong/),
  );
  await assert.rejects(ask(of({ exp: 1 })), refusal("key-expired", /the token has expired/));
  await assert.rejects(ask(of({ nbf: 4e9 })), refusal("key-unknown", /not valid yet/));
  keys.keys = undefined;
  await assert.rejects(ask(of({})), refusal("unavailable", /no keys yet/));
});

Deno.test("the token says how long a key for it counts, and a session only where asked", async () => {
  for (const endsSession of [false, true]) {
    const { ask, clock, issuer } = setUp(endsSession);
    await clock.advance(10_000);
    const exp = START / 1000 + 600;
    const { terms } = await ask({
      credentials: { key: issuer.token(PUBLISH, { claims: { exp } }) },
    });
    const endsAt = 605_000;
    assert.deepEqual(terms, {
      keyExpiresAt: endsAt,
      sessionEndsAt: endsSession ? endsAt : Infinity,
    });
  }
});

Deno.test("of several ways to read an address, the one that the token is for is meant", () => {
  const { authority, clock, issuer } = setUp();
  const sessions = sessionManager({
    ...{ clock, authority, auth: "jwt" as const },
    ...{ events: new EventBus(), keys: new KeyStore(clock, 0) },
  });
  const token = issuer.token(PUBLISH);
  for (
    const [app, stream] of [
      ["live", `dj1?key=${token}`],
      ["dj1", token],
      ["live/dj1", token],
      ["radio/dj1", token],
      ["radio", `dj1?key=${token}`],
    ] as const
  ) {
    const { others, ...first } = publishTarget(app, stream);
    const meant = [first, ...others].find((reading) => authority.recognizes(reading));
    assert.deepEqual([meant?.name, meant?.key], ["dj1", token], `${app} ${stream}`);
  }
  const none = { name: "dj1", key: undefined, transport: new Connection("srt") };
  assert.throws(() => sessions.check(none), refusal("key-required", /is needed/));
  assert.throws(() => sessions.check({ ...none, key: "x" }), refusal("key-unknown", /wrong/));
  sessions.check({ ...none, key: token });
});

Deno.test("the control API gives a short key for a token, for as long as that counts", async () => {
  const clock = new FakeClock(START);
  const { issuer, authority } = setUp(false, clock);
  const api = setUpApi({ auth: "jwt", authority });
  const publish = async (token: string, name = "dj1") => {
    const headers = { Authorization: `Bearer ${token}` };
    const response = await api.request("POST", `/echo/4/publish/${name}`, {
      body: publishBody("srt"),
      headers,
    });
    return { status: response.status, body: await response.json() };
  };
  const exp = START / 1000 + 600;
  const { status, body } = await publish(issuer.token(PUBLISH, { claims: { exp } }));
  assert.equal(status, 200);
  const key = body.publish.rtmp.name;
  assert.match(key, /^[0-9a-f]{32}$/);
  const request = { name: "dj1", key, transport: new Connection("srt") };
  const ingest = api.sessions.publish(request);
  await api.clock.advance(606_000);
  assert.equal(api.sessions.find("dj1")?.id, ingest.sessionId, "the session goes on");
  assert.throws(() => api.sessions.publish(request), refusal("key-expired", /has expired/));

  const backend = issuer.token([{ action: "control", name: "dj*" }]);
  assert.equal((await publish(backend, "dj2")).status, 200);
  assert.deepEqual((await publish(backend, "other")).body, {
    code: 401,
    message: "Cannot publish other: the token does not allow it",
  });
  const expired = issuer.token(PUBLISH, { claims: { exp: 1 } });
  assert.equal((await publish(expired)).status, 460);
  assert.equal((await publish("t0ken")).status, 401);
});
