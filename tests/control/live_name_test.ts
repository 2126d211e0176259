/** Who gets keys and the cookie of a name that is live, and who does not. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import {
  type Api,
  Connection,
  cookieOf,
  publish,
  publishBody,
  REASON,
  setUpApi,
} from "../../testing/control/control_api.ts";

const AUDIO: AudioConfig = {
  codec: "aac",
  samplesPerFrame: 1024,
  objectType: 2,
  sampleRate: 48_000,
  channelConfiguration: 2,
  programConfig: undefined,
  sbr: undefined,
  ps: undefined,
};
const STRANGER = "203.0.113.66";
const ANY = { Authorization: "Bearer any" };

/** A stranger's publish of the name `demo`. */
async function askAgain(
  { request }: Pick<Api, "request">,
  headers: Record<string, string> = {},
  version: 3 | 4 = 4,
): Promise<Response> {
  const { media, reason } = publishBody("rtmp");
  const body = { media, ...(version === 3 ? {} : { reason }), props: { country: "XX" } };
  return await request("POST", `/echo/${version}/publish/demo`, { body, headers, from: STRANGER });
}

/** Publishes `demo` over RTMP, by a key where one is needed, with one frame. */
function goLive({ sessions }: Api, key?: string): AdmittedIngest {
  const ingest = sessions.publish({ name: "demo", key, transport: new Connection("rtmp") });
  ingest.configure(AUDIO);
  ingest.write(new Uint8Array(100), 0);
  return ingest;
}

/** Opens `demo` by the control API and goes on air with the key. @returns key and cookie */
async function openAndGoLive(
  api: Api,
): Promise<{ key: string; cookie: string; ingest: AdmittedIngest }> {
  const answer = await api.request("POST", "/echo/4/publish/demo", {
    body: publishBody("rtmp"),
    headers: ANY,
  });
  const key = (await answer.json()).publish.rtmp.name;
  return { key, cookie: cookieOf(answer), ingest: goLive(api, key) };
}

for (const auth of ["open", "key"] as const) {
  const where = auth === "open" ? "in open" : "where any credentials will do";

  Deno.test(`${where}, nobody gets a key or the cookie of a name that is on air`, async () => {
    const api = setUpApi({ auth });
    const { ingest } = await openAndGoLive(api);
    const session = api.sessions.get(ingest.sessionId);
    const props = session?.props;
    for (const version of [3, 4] as const) {
      const answer = await askAgain(api, ANY, version);
      assert.equal(answer.status, 409, `version ${version}`);
      assert.equal(answer.headers.get("Set-Cookie"), null);
      assert.deepEqual(await answer.json(), {
        code: 409,
        message: "Cannot publish demo: somebody else is on air with it",
      });
    }
    assert.deepEqual(session?.props, props, "and nobody renames it");
    assert.equal(session?.state, "publishing");
  });

  Deno.test(`${where}, who has the session's cookie or a key gets another key of a live name`, async () => {
    const api = setUpApi({ auth });
    const { key, cookie } = await openAndGoLive(api);
    assert.equal((await askAgain(api, { ...ANY, Cookie: cookie })).status, 200);
    assert.equal((await askAgain(api, { Authorization: `Bearer ${key}` })).status, 200);
  });

  Deno.test(`${where}, a name is free once its publisher has sent nothing for 2 s`, async () => {
    const api = setUpApi({ auth });
    const { ingest } = await openAndGoLive(api);
    await api.clock.advance(1999);
    assert.equal((await askAgain(api, ANY)).status, 409);
    await api.clock.advance(1);
    const answer = await askAgain(api, ANY);
    assert.equal(answer.status, 200);
    assert.equal(api.sessions.find("demo")?.id, ingest.sessionId);
  });

  Deno.test(`${where}, a name that is held for a lost DJ is not given away at once`, async () => {
    const api = setUpApi({ auth });
    const { ingest, cookie } = await openAndGoLive(api);
    ingest.end("lost");
    assert.equal(api.sessions.find("demo")?.state, "paused");
    assert.equal((await askAgain(api, ANY)).status, 409);
    assert.equal((await askAgain(api, { ...ANY, Cookie: cookie })).status, 200);
    await api.clock.advance(2000);
    assert.equal((await askAgain(api, ANY)).status, 200);
  });
}

Deno.test("the cookie of another session, or one that is not signed, opens no live name", async () => {
  const api = setUpApi();
  const other = await publish(api, "other", "rtmp");
  const { cookie: old, ingest } = await openAndGoLive(api);
  ingest.end("finished");
  const { cookie } = await openAndGoLive(api);
  assert.notEqual(old, cookie);
  for (const wrong of [other, old, `${cookie.slice(0, -43)}${"A".repeat(43)}`, "echo=x"]) {
    assert.equal((await askAgain(api, { Cookie: wrong })).status, 409, wrong);
  }
});

Deno.test("a key of another name opens no live name", async () => {
  const api = setUpApi();
  goLive(api);
  const { token } = api.keys.create("other");
  assert.equal((await askAgain(api, { Authorization: `Bearer ${token}` })).status, 409);
  const basic = Buffer.from(`dj:${token}`).toString("base64");
  assert.equal((await askAgain(api, { Authorization: `Basic ${basic}` })).status, 409);
});

Deno.test("who shows credentials that are checked gets keys of names that are on air", async () => {
  const credentials = { users: new Map<string, string>(), bearerToken: "t0ken" };
  const keyed = setUpApi({ auth: "key", credentials });
  goLive(keyed, keyed.keys.create("demo").token);
  assert.equal((await askAgain(keyed, { Authorization: "Bearer t0ken" })).status, 200);
  assert.equal((await askAgain(keyed, ANY)).status, 401);

  const hooked = setUpApi({
    auth: "hook",
    authority: { ask: ({ name }) => Promise.resolve({ name }) },
  });
  goLive(hooked, hooked.keys.create("demo").token);
  assert.equal((await askAgain(hooked, ANY)).status, 200);
});

Deno.test("who reserved a name ahead of its DJ has neither key nor cookie of his broadcast", async () => {
  const api = setUpApi();
  const reserved = await askAgain(api);
  const cookie = cookieOf(reserved);
  const key = (await reserved.json()).publish.rtmp.name;
  const { ingest } = await openAndGoLive(api);
  assert.equal((await askAgain(api, { Cookie: cookie })).status, 409);
  assert.equal((await askAgain(api, { Authorization: `Bearer ${key}` })).status, 409);
  assert.equal(
    (await api.request("PUT", "/echo/4/teardown", { cookie, body: REASON })).status,
    200,
  );
  assert.equal((await api.request("GET", "/echo/4/state", { cookie })).status, 404);
  assert.equal(api.sessions.get(ingest.sessionId)?.state, "publishing");
});

Deno.test("who reserves a name that somebody has reserved gets a port, key and cookie of his own", async () => {
  const api = setUpApi();
  const answers = [
    await api.request("POST", "/echo/4/publish/demo", { body: publishBody() }),
    await api.request("POST", "/echo/4/publish/demo", { body: publishBody(), from: STRANGER }),
  ];
  const [mine, theirs] = await Promise.all(answers.map((answer) => answer.json()));
  assert.notDeepEqual(mine.publish.transports, theirs.publish.transports);
  const cookies = answers.map(cookieOf);
  assert.notEqual(cookies[0], cookies[1]);
  goLive(api);
  for (const [i, status] of [200, 404].entries()) {
    const answer = await api.request("GET", "/echo/4/state", { cookie: cookies[i] ?? "" });
    assert.equal(answer.status, status);
  }
});
