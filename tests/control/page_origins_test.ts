/** Which pages may call the control API. */
import assert from "node:assert/strict";
import { PageOrigins } from "../../src/control/page_origins.ts";
import {
  type Api,
  publish,
  publishBody,
  REASON,
  setUpApi,
} from "../../testing/control/control_api.ts";

const EVIL = { Origin: "https://evil.example" };

/** Calls what changes something. @returns the statuses, by call */
async function callAll(api: Api, headers: Record<string, string>): Promise<Record<string, number>> {
  const { media } = publishBody("rtmp");
  const first = await api.request("POST", "/echo/3/publish/new", { body: { media }, headers });
  const cookie = await publish(api, "demo", "rtmp");
  const call = async (method: string, path: string) =>
    (await api.request(method, path, { body: REASON, cookie, headers })).status;
  return {
    publish: first.status,
    pause: await call("PUT", "/echo/4/pause"),
    resume: await call("PUT", "/echo/4/resume"),
    metadata: await call("PUT", "/echo/4/metadata"),
    teardown: await call("PUT", "/echo/4/teardown"),
    teardown3: await call("POST", "/echo/3/teardown"),
  };
}

const CALLS = ["publish", "pause", "resume", "metadata", "teardown", "teardown3"];
const ALL_REFUSED = Object.fromEntries(CALLS.map((call) => [call, 403]));
const ALL_TAKEN = Object.fromEntries(CALLS.map((call) => [call, 200]));

Deno.test("no other site's page publishes, pauses, resumes, titles or ends a broadcast", async () => {
  for (const origin of ["https://evil.example", "null", "http://127.0.0.1:9", "x"]) {
    const headers = { Origin: origin, Host: "127.0.0.1:5021", "Content-Type": "text/plain" };
    assert.deepEqual(await callAll(setUpApi(), headers), ALL_REFUSED, origin);
  }
});

Deno.test("what is refused is said as all errors are, with CORS as ever", async () => {
  const { request, sessions } = setUpApi();
  const answer = await request("POST", "/echo/4/publish/demo", {
    body: publishBody("rtmp"),
    headers: EVIL,
  });
  assert.equal(answer.status, 403);
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
  assert.deepEqual(await answer.json(), {
    code: 403,
    message: "pages of other sites may not call this: see ECHO_ORIGINS",
  });
  assert.equal(sessions.sessions.length, 0);
});

Deno.test("clients that are no pages send no Origin, and are taken", async () => {
  assert.deepEqual(await callAll(setUpApi(), {}), ALL_TAKEN);
});

Deno.test("pages of the origins that are configured are taken, also after a change", async () => {
  const origins = new PageOrigins(["https://dj.example", "capacitor://localhost"]);
  const api = setUpApi({ origins });
  assert.deepEqual(await callAll(api, { Origin: "https://dj.example" }), ALL_TAKEN);
  assert.deepEqual(await callAll(api, { Origin: "capacitor://localhost" }), ALL_TAKEN);
  assert.deepEqual(await callAll(api, EVIL), ALL_REFUSED);
  origins.replace(["https://evil.example"]);
  assert.deepEqual(await callAll(api, EVIL), ALL_TAKEN);
  assert.deepEqual(await callAll(api, { Origin: "https://dj.example" }), ALL_REFUSED);
});

Deno.test("a page of this server's own address is taken, unless a name led there", async () => {
  const own = { Origin: "http://192.0.2.1:5021", Host: "192.0.2.1:5021" };
  assert.deepEqual(await callAll(setUpApi(), own), ALL_TAKEN);
  const rebound = { Origin: "http://evil.example:5021", Host: "evil.example:5021" };
  assert.deepEqual(await callAll(setUpApi(), rebound), ALL_REFUSED);
});

Deno.test("who shows credentials that are checked may publish from any page", async () => {
  const credentials = { users: new Map<string, string>(), bearerToken: "t0ken" };
  const { request } = setUpApi({ auth: "key", credentials });
  const answer = await request("POST", "/echo/4/publish/demo", {
    body: publishBody("rtmp"),
    headers: { ...EVIL, Authorization: "Bearer t0ken" },
  });
  assert.equal(answer.status, 200);
  const any = setUpApi({ auth: "key" });
  assert.equal((await callAll(any, { ...EVIL, Authorization: "Bearer x" })).publish, 403);
});

Deno.test("any page may ask what changes nothing", async () => {
  const api = setUpApi();
  const cookie = await publish(api, "demo", "rtmp");
  for (const path of ["/echo/option", "/echo/4/state", "/echo/0/state"]) {
    assert.equal((await api.request("GET", path, { cookie, headers: EVIL })).status, 200, path);
  }
  const dryRun = await api.request("POST", "/echo/0/publish/demo", {
    body: publishBody(),
    headers: EVIL,
  });
  assert.equal(dryRun.status, 200);
});
