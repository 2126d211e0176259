/** The call `publish` of the control API, in versions 3 and 4: its answer, and what it reserves. */
import assert from "node:assert/strict";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import {
  Connection,
  cookieOf,
  FakePorts,
  publish,
  publishBody,
  setUpApi,
} from "../../testing/control/control_api.ts";

const AUDIO = audioConfig();

function tokenOf(answer: { publish: { rtmp: { name: string } } }): string {
  return answer.publish.rtmp.name;
}

Deno.test("version 4 publish for SRT answers with a port, and reserves the session", async () => {
  const { request, sessions, keys } = setUpApi();
  const answer = await request("POST", "/echo/4/publish/demo", { body: publishBody() });
  assert.equal(answer.status, 200);
  const body = await answer.json();
  const key = tokenOf(body);
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.deepEqual(body, {
    publish: {
      name: "demo",
      control: "http://203.0.113.5:5021/echo/4",
      transports: [{ type: "IPv4", address: "203.0.113.5", port: 40_000 }],
      media: { type: "audio", protocol: "srt", format: "aac" },
      rtmp: { url: "rtmp://203.0.113.5/demo", name: key },
    },
  });
  assert.equal(keys.check("demo", key).kind, "valid");
  assert.equal(sessions.find("demo")?.state, "ready");
  assert.equal(sessions.find("demo")?.protocol, "srt");
});

Deno.test("version 4 publish for RTMP answers without transports, and takes no port", async () => {
  const { request, ports } = setUpApi();
  const answer = await request("POST", "/echo/4/publish/demo", { body: publishBody("rtmp") });
  const body = await answer.json();
  assert.deepEqual(body, {
    publish: {
      name: "demo",
      control: "http://203.0.113.5:5021/echo/4",
      transports: [],
      media: { type: "audio", protocol: "rtmp", format: "flv" },
      rtmp: { url: "rtmp://203.0.113.5/demo", name: tokenOf(body) },
    },
  });
  assert.equal(ports.free, 100);
});

Deno.test("version 3 publish takes no reason and tells no control", async () => {
  const { request } = setUpApi();
  const { media } = publishBody();
  const answer = await request("POST", "/echo/3/publish/demo", { body: { media } });
  assert.equal(answer.status, 200);
  const body = await answer.json();
  assert.deepEqual(body, {
    publish: {
      name: "demo",
      transports: [{ type: "IPv4", address: "203.0.113.5", port: 40_000 }],
      media,
      rtmp: { url: "rtmp://203.0.113.5/demo", name: tokenOf(body) },
    },
  });
  assert.match(cookieOf(answer), /^echo=/);
});

Deno.test("ports that are not the defaults and IPv6 addresses appear in what is told", async () => {
  const address = { ip: "2001:db8::5", controlPort: 6021, rtmpPort: 2935 };
  const { request } = setUpApi({ address });
  const answer = await request("POST", "/echo/4/publish/demo", { body: publishBody() });
  const { publish } = await answer.json();
  assert.equal(publish.control, "http://[2001:db8::5]:6021/echo/4");
  assert.equal(publish.rtmp.url, "rtmp://[2001:db8::5]:2935/demo");
  assert.deepEqual(publish.transports, [{ type: "IPv6", address: "2001:db8::5", port: 40_000 }]);
});

Deno.test("a client that publishes by Icecast is told what is typed into a source", async () => {
  const address = { ip: "203.0.113.5", controlPort: 5021, rtmpPort: 1935, icecastPort: 8000 };
  const { request } = setUpApi({ address });
  const answer = await request("POST", "/echo/4/publish/demo", { body: publishBody("icecast") });
  const { publish: { icecast, rtmp, transports } } = await answer.json();
  assert.deepEqual(icecast, {
    url: "http://203.0.113.5:8000/demo",
    mount: "/demo",
    user: "source",
    password: rtmp.name,
  });
  assert.deepEqual(transports, []);
});

Deno.test("where there is no port for sources, a publish by Icecast is answered 503", async () => {
  const body = publishBody("icecast");
  const answer = await setUpApi().request("POST", "/echo/4/publish/demo", { body });
  assert.equal(answer.status, 503);
  assert.equal((await answer.json()).message, "Icecast is not available on this server");
});

Deno.test("clients that ask over TLS are sent on to TLS, under the host that they asked for", async () => {
  const secure = {
    controlPort: 5443,
    rtmpsPort: 1936,
    isFor: (host: string) => host.endsWith("in.radio.example"),
  };
  const address = { ip: "203.0.113.5", controlPort: 5021, rtmpPort: 1935, secure };
  const { request } = setUpApi({ address });
  const ask = async (origin: string) => {
    const url = `${origin}/echo/4/publish/demo`;
    const answer = await request("POST", url, { body: publishBody("rtmp") });
    const { publish: { control, rtmps } } = await answer.json();
    const isSecure = / Secure(;|$)/.test(answer.headers.get("Set-Cookie") ?? "");
    return { control, rtmps: rtmps.url, isSecure };
  };
  assert.deepEqual(await ask("https://in.radio.example:5443"), {
    control: "https://in.radio.example:5443/echo/4",
    rtmps: "rtmps://in.radio.example:1936/demo",
    isSecure: true,
  });
  assert.deepEqual(await ask("http://in.radio.example:5021"), {
    control: "http://203.0.113.5:5021/echo/4",
    rtmps: "rtmps://in.radio.example:1936/demo",
    isSecure: false,
  });
  assert.deepEqual(await ask("https://elsewhere.example:5443"), {
    control: "https://203.0.113.5:5443/echo/4",
    rtmps: "rtmps://203.0.113.5:1936/demo",
    isSecure: true,
  });
});

for (const protocol of ["srt", "rtmp"] as const) {
  Deno.test(`the cookie of ${protocol} reaches the control API only, and no script`, async () => {
    const { request } = setUpApi();
    const answer = await request("POST", "/echo/4/publish/demo", { body: publishBody(protocol) });
    assert.match(
      answer.headers.get("Set-Cookie") ?? "",
      /^echo=\d+\.demo\.10\.0\.0\.1\.[\w-]{43}; Path=\/echo; HttpOnly; SameSite=Lax$/,
    );
  });
}

Deno.test("a name that has a session keeps it, with its port, one more key and new props", async () => {
  const { request, sessions, keys, ports } = setUpApi();
  const first = await request("POST", "/echo/4/publish/demo", { body: publishBody() });
  const session = sessions.find("demo");
  const again = { ...publishBody(), props: { country: "NO", os: "iOS" } };
  const second = await request("POST", "/echo/4/publish/demo", { body: again });

  const [a, b] = [await first.json(), await second.json()];
  assert.equal(sessions.find("demo"), session);
  assert.equal(sessions.sessions.length, 1);
  assert.deepEqual(b.publish.transports, a.publish.transports);
  assert.equal(ports.free, 99);
  assert.equal(cookieOf(first), cookieOf(second));
  assert.notEqual(tokenOf(a), tokenOf(b));
  for (const body of [a, b]) assert.equal(keys.check("demo", tokenOf(body)).kind, "valid");
  assert.deepEqual(session?.props, { country: "NO", os: "iOS", client_ip: "198.51.100.7" });
});

Deno.test("a publish of a name that is on air leaves it on air", async () => {
  const { request, sessions, keys } = setUpApi();
  const ingest = sessions.publish({
    name: "demo",
    key: undefined,
    transport: new Connection("rtmp"),
  });
  ingest.configure(AUDIO);
  ingest.write(new Uint8Array(100), 0);
  const { token } = keys.create("demo");
  const answer = await request("POST", "/echo/4/publish/demo", {
    body: publishBody(),
    headers: { Authorization: `Bearer ${token}` },
  });
  assert.equal((await answer.json()).publish.transports.length, 1);
  assert.equal(sessions.find("demo")?.id, ingest.sessionId);
  assert.equal(sessions.find("demo")?.state, "publishing");
  assert.equal(sessions.find("demo")?.protocol, "rtmp");
});

Deno.test("a waiting session waits for the protocol that was asked for last", async () => {
  const api = setUpApi({ auth: "key" });
  const headers = { Authorization: "Bearer any" };
  const ask = async (protocol: "srt" | "rtmp") => {
    const body = publishBody(protocol);
    const answer = await api.request("POST", "/echo/4/publish/demo", { body, headers });
    return (await answer.json()).publish.transports.length;
  };
  assert.equal(await ask("rtmp"), 0);
  const session = api.sessions.find("demo");
  assert.equal(await ask("srt"), 1);
  assert.equal(session?.protocol, "srt");
  await api.clock.advance(31_000);
  assert.equal(session?.state, "ready", "it has SRT's time now, not RTMP's");
  assert.equal(await ask("rtmp"), 0);
  assert.equal(api.sessions.find("demo"), session);
});

Deno.test("without a free port publish answers 503, and nothing is left behind", async () => {
  const { request, sessions, keys, seen, clock } = setUpApi({ ports: new FakePorts(0) });
  const timers = clock.timerCount;
  const answer = await request("POST", "/echo/4/publish/demo", { body: publishBody() });
  assert.equal(answer.status, 503);
  assert.deepEqual(await answer.json(), { code: 503, message: "Cannot publish: no port is free" });
  assert.equal(answer.headers.get("Set-Cookie"), null);
  assert.deepEqual([sessions.sessions.length, keys.size, seen.length], [0, 0, 0]);
  assert.equal(clock.timerCount, timers);
  assert.equal(
    (await request("POST", "/echo/4/publish/a", { body: publishBody("rtmp") })).status,
    200,
  );
});

Deno.test("a session outlives a publish that finds no free port for it", async () => {
  const { request, sessions } = setUpApi({ ports: new FakePorts(0) });
  await publish({ request }, "demo", "rtmp");
  const session = sessions.find("demo");
  const answer = await request("POST", "/echo/4/publish/demo", { body: publishBody("srt") });
  assert.equal(answer.status, 503);
  assert.equal(sessions.find("demo"), session);
  assert.equal(session?.state, "ready");
  assert.equal(session?.protocol, "rtmp");
});

Deno.test("without SRT only RTMP can be published", async () => {
  const { request, sessions } = setUpApi({ ports: undefined });
  const srt = await request("POST", "/echo/4/publish/demo", { body: publishBody("srt") });
  assert.equal(srt.status, 503);
  assert.deepEqual(await srt.json(), {
    code: 503,
    message: "SRT is not available on this server",
  });
  assert.equal(sessions.sessions.length, 0);
  const rtmp = await request("POST", "/echo/4/publish/demo", { body: publishBody("rtmp") });
  assert.equal(rtmp.status, 200);
});

Deno.test("limits are answered with 503", async () => {
  const full = setUpApi({ maxSessions: 1 });
  await publish(full, "a");
  const refused = await full.request("POST", "/echo/4/publish/b", { body: publishBody() });
  assert.deepEqual(await refused.json(), {
    code: 503,
    message: "Cannot publish b: the server is full",
  });

  const waiting = setUpApi({ maxWaiting: 2 });
  await publish(waiting, "a");
  await publish(waiting, "b");
  await publish(waiting, "c", "rtmp");
  for (const name of ["c", "d"]) {
    const path = `/echo/4/publish/${name}`;
    const answer = await waiting.request("POST", path, { body: publishBody() });
    assert.equal(answer.status, 503, `${name} has no listener yet`);
  }
  assert.equal(waiting.ports.free, 98);

  const open = setUpApi();
  for (const name of ["a", "b", "c", "d"]) await publish(open, name);
  const fifth = await open.request("POST", "/echo/4/publish/e", { body: publishBody() });
  assert.equal(fifth.status, 503);
  const other = { body: publishBody(), from: "198.51.100.8" };
  assert.equal((await open.request("POST", "/echo/4/publish/e", other)).status, 200);

  open.sessions.stop("shutdown", SERVER_REASON);
  const stopping = await open.request("POST", "/echo/4/publish/a", { body: publishBody() });
  assert.equal(stopping.status, 503);
});

Deno.test("a client is no DJ because the body says so", async () => {
  const { request, sessions, seen } = setUpApi();
  const body = { ...publishBody(), props: { dj: "anna", os: "Android" } };
  await request("POST", "/echo/4/publish/demo", { body });
  const props = { os: "Android", client_ip: "198.51.100.7" };
  assert.deepEqual([sessions.find("demo")?.props, seen[0]?.props], [props, props]);
});

Deno.test("the client's address in the props is the peer's, whatever the body says", async () => {
  const { request, sessions, seen } = setUpApi();
  const body = { ...publishBody(), props: { client_ip: "192.0.2.66", os: "Android" } };
  const headers = { "X-Forwarded-For": "192.0.2.67" };
  const from = "::ffff:198.51.100.9";
  await request("POST", "/echo/4/publish/demo", { body, headers, from });
  assert.deepEqual(sessions.find("demo")?.props, { os: "Android", client_ip: "198.51.100.9" });
  assert.equal(seen[0]?.kind, "authorize");
  assert.deepEqual(seen[0]?.props, { os: "Android", client_ip: "198.51.100.9" });
});
