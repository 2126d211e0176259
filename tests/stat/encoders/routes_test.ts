/** What operators are told to type into encoders, and the keys that they make. */
import assert from "node:assert/strict";
import type { MiddlewareHandler } from "hono";
import { KeyStore } from "../../../src/session/key_store.ts";
import type { AuthMode } from "../../../src/session/publish_rights.ts";
import { encoderRoutes } from "../../../src/stat/encoders/routes.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

const OPEN: MiddlewareHandler = async (_, next) => await next();

function setUp(auth: AuthMode, lifeMs = 0, guard = OPEN) {
  const clock = new FakeClock();
  const keys = new KeyStore(clock, lifeMs);
  const djs = auth === "dj" ? [{ user: "anna", names: ["demo"] }] : [];
  const app = encoderRoutes({
    ...{ clock, keys, auth, guard },
    djs: () => djs,
    at: (host) => ({ host, rtmpPort: 1935, srtPort: 9000, passphrase: undefined }),
  });
  const ask = async (path: string, method = "GET") => {
    const url = `http://radio.example:8088/stat/1/encoders${path}`;
    const answer = await app.request(url, { method });
    assert.equal(answer.headers.get("Cache-Control"), answer.ok ? "no-store" : null);
    return { status: answer.status, body: await answer.json() };
  };
  return { ask, keys };
}

function textOf(body: { settings: { field: string; text: string }[] }, field: string) {
  return body.settings.find((setting) => setting.field === field)?.text;
}

for (const auth of ["key", "hook", "dj"] as const) {
  Deno.test(`a key is made for a name, and it counts (${auth})`, async () => {
    const { ask, keys } = setUp(auth, 3_600_000);
    const { body } = await ask("/demo", "POST");
    assert.equal(keys.check("demo", body.key).kind, "valid");
    assert.equal(body.seconds, 3600);
    assert.equal(textOf(body, "Server"), "rtmp://radio.example/live");
    assert.equal(textOf(body, "Stream key"), `demo?key=${body.key}`);
    assert.ok(body.larix.includes(body.key));
  });
}

Deno.test("a key without end has no time that is told", async () => {
  const { ask } = setUp("key");
  assert.equal((await ask("/demo", "POST")).body.seconds, null);
});

Deno.test("where anybody may publish no key is made", async () => {
  const { ask, keys } = setUp("open");
  assert.deepEqual((await ask("")).body, { keys: false, djs: [] });
  for (const method of ["GET", "POST"]) {
    const { body } = await ask("/demo", method);
    assert.equal(body.key, null);
    assert.equal(textOf(body, "Stream key"), "demo");
  }
  assert.equal(keys.size, 0);
});

Deno.test("of a DJ the user is told, and that his key stands behind", async () => {
  const { ask, keys } = setUp("dj");
  assert.deepEqual((await ask("")).body, { keys: true, djs: [{ user: "anna", names: ["demo"] }] });
  const { body } = await ask("/demo?dj=anna");
  assert.equal(body.key, "{KEY}");
  assert.equal(textOf(body, "Stream key"), "demo?user=anna&key={KEY}");
  assert.equal((await ask("/demo?dj=ben")).status, 404);
  assert.equal(keys.size, 0);
});

Deno.test("what is no name gets no key", async () => {
  const { ask, keys } = setUp("key");
  for (const name of ["live", "no%20name", "a".repeat(129)]) {
    assert.equal((await ask(`/${name}`, "POST")).status, 400);
    assert.equal((await ask(`/${name}`)).status, 400);
  }
  assert.equal(keys.size, 0);
});

Deno.test("nobody but operators is told anything", async () => {
  const closed: MiddlewareHandler = (c) => Promise.resolve(c.json({ code: 401 }, 401));
  const { ask, keys } = setUp("key", 0, closed);
  for (const [path, method] of [["", "GET"], ["/demo", "GET"], ["/demo", "POST"]] as const) {
    assert.equal((await ask(path, method)).status, 401);
  }
  assert.equal(keys.size, 0);
});
