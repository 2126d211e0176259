/** The other calls of the control API: option, pause, resume, teardown, state. */
import assert from "node:assert/strict";
import { audioConfig } from "../../testing/audio/access_units.ts";
import {
  Connection,
  publish,
  publishBody,
  REASON,
  setUpApi,
  TTL_MS,
} from "../../testing/control/control_api.ts";

const AUDIO = audioConfig();
const FRAME_MS = 1024_000 / 48_000;

/** Those that need a session that is there. */
const CALLS = [["GET", "state"], ["PUT", "pause"], ["PUT", "resume"], ["PUT", "metadata"]] as const;

const NOT_FOUND = { code: 404, message: "session not found" };

Deno.test("option tells versions, protocols and formats", async () => {
  const answer = await setUpApi().request("GET", "/echo/option");
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("Content-Type") ?? "", /^application\/json/);
  assert.deepEqual(await answer.json(), {
    versions: [1, 2, 3, 4],
    protocols: ["srt", "rtmp"],
    formats: ["aac", "mp3"],
  });
});

Deno.test("option tells of Icecast where there is a port for it", async () => {
  const address = { ip: "203.0.113.5", controlPort: 5021, rtmpPort: 1935, icecastPort: 8000 };
  const answer = await setUpApi({ address }).request("GET", "/echo/option");
  assert.deepEqual((await answer.json()).protocols, ["srt", "rtmp", "icecast"]);
});

Deno.test("pause and resume announce a reason and change no state", async () => {
  const api = setUpApi();
  const cookie = await publish(api);
  const session = api.sessions.find("demo");
  assert.ok(session !== undefined);
  const goOnAir = () => {
    const ingest = api.sessions.attach(session, new Connection());
    ingest.configure(AUDIO);
    ingest.write(new Uint8Array(100), 0);
    return ingest;
  };
  const announce = async (call: string, code: number) => {
    const body = { reason: { code, message: call } };
    const answer = await api.request("PUT", `/echo/4/${call}`, { cookie, body });
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { [call]: { name: "demo" } });
  };
  const ingest = goOnAir();
  await announce("pause", 20_001);
  assert.equal(session.state, "publishing");
  ingest.end("lost");
  await announce("resume", 20_002);
  assert.equal(session.state, "paused");
  goOnAir();
  const reasons = api.seen.flatMap((event) =>
    event.kind === "pause" || event.kind === "resume" ? [event.reason] : []
  );
  assert.deepEqual(reasons, [
    { code: 20_001, message: "pause" },
    { code: 20_002, message: "resume" },
  ]);
});

Deno.test("metadata tells what is heard from now on", async () => {
  const api = setUpApi();
  const cookie = await publish(api);
  const session = api.sessions.find("demo");
  assert.ok(session !== undefined);
  const ingest = api.sessions.attach(session, new Connection());
  ingest.configure(AUDIO);
  let timeMs = 0;
  const heard = async (body: unknown) => {
    const answer = await api.request("PUT", "/echo/4/metadata", { cookie, body });
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { metadata: { name: "demo" } });
    for (let i = 0; i < 30; i++) {
      await api.clock.advance(FRAME_MS);
      ingest.write(new Uint8Array(100), timeMs += FRAME_MS);
    }
    const event = api.seen.findLast(({ kind }) => kind === "metadata");
    return event?.kind === "metadata" ? [event.title, event.artist] : undefined;
  };
  assert.deepEqual(await heard({ title: "Song", artist: "Band" }), ["Song", "Band"]);
  assert.deepEqual(await heard({ title: "Jingle" }), ["Jingle", null]);
  assert.deepEqual(await heard({ artist: '"\r\n"', title: null }), [null, '" "']);
  assert.deepEqual(await heard({ title: "😀".repeat(256) }), ["😀".repeat(256), null]);
  assert.deepEqual(await heard({}), [null, null]);
});

for (
  const [body, message] of [
    [{ title: 7 }, "Cannot parse title: expected a string of at most 256 characters, got 7"],
    [
      { artist: ["x"] },
      "Cannot parse artist: expected a string of at most 256 characters, got an array",
    ],
    [{ title: "x".repeat(257) }, `expected a string of at most 256 characters, got "xxx`],
    [[], "Cannot parse the body: expected a JSON object, got an array"],
    ["nothing", "Cannot parse the body: expected JSON, got something else"],
    [{ title: "x".repeat(5000) }, "the body is too large"],
  ] as const
) {
  Deno.test(`metadata that is ${JSON.stringify(body).slice(0, 40)} is refused`, async () => {
    const api = setUpApi();
    const cookie = await publish(api);
    const answer = await api.request("PUT", "/echo/4/metadata", { cookie, body });
    const { code, message: told } = await answer.json();
    assert.equal(answer.status, code);
    assert.equal(code, message.includes("too large") ? 413 : 400);
    assert.ok(told.includes(message), told);
  });
}

Deno.test("version 4 teardown ends the session with its reason, also twice", async () => {
  const api = setUpApi();
  const cookie = await publish(api);
  for (const _ of ["live", "gone"]) {
    const answer = await api.request("PUT", "/echo/4/teardown", { cookie, body: REASON });
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { teardown: { name: "demo" } });
  }
  assert.equal(api.sessions.find("demo"), undefined);
  const released = api.seen.filter((event) => event.kind === "release");
  assert.deepEqual(released.map((event) => event.reason), [REASON.reason]);
});

Deno.test("version 3 teardown needs no body", async () => {
  const api = setUpApi();
  const cookie = await publish(api);
  const answer = await api.request("POST", "/echo/3/teardown", { cookie });
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { teardown: { name: "demo" } });
  const released = api.seen.find((event) => event.kind === "release");
  assert.deepEqual(released?.reason, { code: 50_000, message: "unknown" });
});

for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH"]) {
  Deno.test(`state answers ${method}`, async () => {
    const api = setUpApi();
    const cookie = await publish(api);
    const answer = await api.request(method, "/echo/4/state", { cookie });
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { state: { name: "demo", state: "ready" } });
  });
}

Deno.test("a cookie whose session is gone finds none, not even the name's next", async () => {
  const api = setUpApi();
  const cookie = await publish(api);
  api.sessions.find("demo")?.end("teardown", REASON.reason);
  await publish(api);
  for (const [method, path] of CALLS) {
    const body = method === "PUT" ? REASON : undefined;
    const answer = await api.request(method, `/echo/4/${path}`, { cookie, body });
    assert.equal(answer.status, 404);
    assert.deepEqual(await answer.json(), NOT_FOUND);
  }
  const torn = await api.request("PUT", "/echo/4/teardown", { cookie, body: REASON });
  assert.equal(torn.status, 200);
  assert.equal(api.sessions.find("demo")?.state, "ready", "the next one goes on");
});

Deno.test("once its keys have expired a session is gone with 460", async () => {
  const api = setUpApi();
  const cookie = await publish(api, "demo", "srt");
  const session = api.sessions.find("demo");
  assert.ok(session !== undefined);
  api.sessions.attach(session, new Connection());
  await api.clock.advance(TTL_MS);
  assert.equal(session.state, "terminated");
  for (const [method, path] of CALLS) {
    const body = method === "PUT" ? REASON : undefined;
    const answer = await api.request(method, `/echo/4/${path}`, { cookie, body });
    assert.equal(answer.status, 460);
    assert.deepEqual(await answer.json(), { code: 460, message: "expired token" });
  }
  const torn = await api.request("PUT", "/echo/4/teardown", { cookie, body: REASON });
  assert.equal(torn.status, 200);
});

Deno.test("the dry run answers and creates nothing", async () => {
  const { request, sessions, keys, ports, seen } = setUpApi({ auth: "key" });
  for (const protocol of ["srt", "rtmp"] as const) {
    const body = publishBody(protocol);
    const answer = await request("POST", "/echo/0/publish/my-show", { body });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("Set-Cookie"), null);
    const transport = { type: "IPv4", address: "203.0.113.5", port: 30_000 };
    assert.deepEqual(await answer.json(), {
      publish: {
        name: "my-show",
        control: "http://203.0.113.5:5021/echo/0",
        transports: protocol === "srt" ? [transport] : [],
        media: body.media,
        rtmp: { url: "rtmp://203.0.113.5/my-show", name: "key" },
      },
    });
  }
  const torn = await request("PUT", "/echo/0/teardown", { body: REASON });
  assert.deepEqual(await torn.json(), { teardown: { name: "echotester" } });
  for (const method of ["GET", "POST", "DELETE"]) {
    const state = await request(method, "/echo/0/state");
    assert.deepEqual(await state.json(), { state: { name: "echotester", state: "ready" } });
  }
  assert.deepEqual([sessions.sessions.length, keys.size, seen.length, ports.free], [0, 0, 0, 100]);
});

Deno.test("any page may call, without credentials", async () => {
  const { request } = setUpApi();
  const headers = {
    "Origin": "https://studio.example",
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization,content-type",
  };
  const preflight = await request("OPTIONS", "/echo/4/pause", { headers });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("Access-Control-Allow-Methods"), "GET,HEAD,POST,PUT");
  assert.equal(
    preflight.headers.get("Access-Control-Allow-Headers"),
    "authorization,content-type",
  );
  const answers = [
    preflight,
    await request("GET", "/echo/option", { headers }),
    await request("GET", "/echo/4/state", { headers }),
    await request("POST", "/echo/4/publish/x", { headers, body: "x".repeat(5000) }),
    await request("GET", "/echo/9/state", { headers }),
    await request("GET", "/nowhere", { headers }),
  ];
  for (const answer of answers) {
    assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
    assert.equal(answer.headers.get("Access-Control-Allow-Credentials"), null);
  }
});
