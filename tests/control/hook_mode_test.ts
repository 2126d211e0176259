/** The control API with `ECHO_AUTH=hook`, where a hook server says who may publish. */
import assert from "node:assert/strict";
import type { RefusalKind } from "../../src/session/ingest.ts";
import { FakeAuthority } from "../../testing/session/fake_authority.ts";
import { type Api, CLIENT, publishBody, setUpApi } from "../../testing/control/control_api.ts";

function setUp() {
  const authority = new FakeAuthority();
  return { authority, api: setUpApi({ auth: "hook", authority }) };
}

async function publish(api: Api, authorization: string | undefined, name = "demo") {
  const headers: Record<string, string> = {};
  if (authorization !== undefined) headers.Authorization = authorization;
  const path = `/echo/4/publish/${name}`;
  const answer = await api.request("POST", path, { body: publishBody(), headers });
  return { status: answer.status, body: await answer.json(), headers: answer.headers };
}

Deno.test("in hook mode the Authorization header is what is asked with", async () => {
  const { api, authority } = setUp();
  const answer = await publish(api, "Bearer sesame");
  assert.equal(answer.status, 200);
  assert.deepEqual(authority.asked, [{
    name: "demo",
    protocol: "http",
    address: CLIENT,
    credentials: { authorization: "Bearer sesame" },
  }]);
  const key = answer.body.publish.rtmp.name;
  const transport = { protocol: "rtmp", address: CLIENT, close() {} } as const;
  assert.equal(api.sessions.ask({ name: "demo", key, transport }), undefined);
  assert.equal(authority.asked.length, 1, "the key is valid by itself");
});

Deno.test("in hook mode a no is 401, and nothing is created", async () => {
  const { api, authority } = setUp();
  const answer = await publish(api, "Basic ZGo6d3Jvbmc=");
  assert.equal(answer.status, 401);
  assert.deepEqual(answer.body, { code: 401, message: "unauthorized" });
  assert.match(answer.headers.get("WWW-Authenticate") ?? "", /Basic/);
  assert.equal(authority.asked.length, 1);
  assert.deepEqual(api.sessions.sessions, []);
});

Deno.test("in hook mode nobody is asked without credentials, or for what is no name", async () => {
  const { api, authority } = setUp();
  for (const header of [undefined, "", "Digest x", "Bearer", "sesame"]) {
    assert.equal((await publish(api, header)).status, 401);
  }
  assert.equal((await publish(api, "Bearer sesame", "live")).status, 400);
  assert.deepEqual(authority.asked, []);
});

for (const kind of ["unavailable", "limit"] satisfies RefusalKind[]) {
  Deno.test(`in hook mode an authority that gives no answer for ${kind} is 503`, async () => {
    const { api, authority } = setUp();
    authority.refusal = kind;
    const answer = await publish(api, "Bearer sesame");
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.body, { code: 503, message: "Not today." });
    assert.deepEqual(api.sessions.sessions, []);
  });
}

Deno.test("in hook mode the dry run asks nobody", async () => {
  const { api, authority } = setUp();
  const answer = await api.request("POST", "/echo/0/publish/demo", { body: publishBody() });
  assert.equal(answer.status, 200);
  await answer.body?.cancel();
  assert.deepEqual(authority.asked, []);
});
