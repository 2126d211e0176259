/** Requests that another box has to answer: whether and how they are forwarded. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import type { FakeClock } from "../../testing/fake_clock.ts";
import { WebServer } from "../../src/web/web_server.ts";
import {
  type Api,
  COOKIE_KEY,
  cookieOf,
  publishBody,
  REASON,
  setUpApi,
} from "../../testing/control/control_api.ts";

interface Box {
  readonly url: string;
  readonly api: Api;
}

const CATEGORY = ["echo", "control"];
const HERE = "127.0.0.1";
const THERE = "127.0.0.2";

/** Runs `test` with two boxes that share the cookie's key, on two addresses and one port. */
async function withTwoBoxes(test: (here: Box, there: Box) => Promise<void>): Promise<void> {
  const address = { ip: "203.0.113.5", controlPort: 0, rtmpPort: 1935 };
  const api = {
    here: setUpApi({ privateIp: HERE, address }),
    there: setUpApi({ privateIp: THERE, address }),
  };
  // What the two have on their own does not agree, as on real boxes.
  await api.there.clock.advance(1_000_000);
  const { servers, port } = serveBoth(api.here.app, api.there.app);
  address.controlPort = port;
  try {
    await test(
      { url: `http://${HERE}:${port}`, api: api.here },
      { url: `http://${THERE}:${port}`, api: api.there },
    );
  } finally {
    for (const server of servers) await server.close();
  }
}

/** The same port on both addresses: the system's choice for the one may be taken on the other. */
function serveBoth(here: Hono, there: Hono): { servers: WebServer[]; port: number } {
  for (;;) {
    const first = new WebServer({ hostname: HERE, port: 0 }, here, CATEGORY);
    first.listen();
    const { port } = first.addr;
    const second = new WebServer({ hostname: THERE, port }, there, CATEGORY);
    try {
      second.listen();
      return { servers: [first, second], port };
    } catch (error) {
      first.close();
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

async function call(
  url: string,
  method: string,
  path: string,
  cookie: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<[status: number, body: unknown]> {
  const answer = await fetch(url + path, {
    method,
    headers: { ...headers, Cookie: cookie },
    body: body === undefined ? null : JSON.stringify(body),
  });
  assert.equal(answer.headers.get("Server")?.startsWith("Echo/"), true);
  return [answer.status, await answer.json()];
}

async function publishAt(box: Box, name = "demo"): Promise<string> {
  const answer = await fetch(`${box.url}/echo/4/publish/${name}`, {
    method: "POST",
    body: JSON.stringify(publishBody()),
  });
  await answer.body?.cancel();
  assert.equal(answer.status, 200);
  return cookieOf(answer);
}

Deno.test("any box answers for the one that has the session", async () => {
  await withTwoBoxes(async (here, there) => {
    const cookie = await publishAt(there);
    const session = there.api.sessions.find("demo");
    const ask = (method: string, path: string, body?: unknown) =>
      call(here.url, method, path, cookie, body);

    for (const method of ["GET", "POST", "DELETE"]) {
      const state = { state: { name: "demo", state: "ready" } };
      assert.deepEqual(await ask(method, "/echo/4/state"), [200, state]);
    }
    assert.deepEqual(await ask("PUT", "/echo/4/pause", REASON), [200, { pause: { name: "demo" } }]);
    assert.deepEqual(
      await ask("PUT", "/echo/4/resume", REASON),
      [200, { resume: { name: "demo" } }],
    );
    assert.deepEqual(await ask("PUT", "/echo/4/resume", {}), [400, {
      code: 400,
      message: "Cannot parse reason: expected an object with code and message, got nothing",
    }]);
    assert.equal(session?.state, "ready");
    const torn = [200, { teardown: { name: "demo" } }];
    assert.deepEqual(await ask("PUT", "/echo/4/teardown", REASON), torn);
    assert.equal(session?.state, "terminated");
    const released = there.api.seen.find((event) => event.kind === "release");
    assert.deepEqual(released?.reason, REASON.reason);
    assert.deepEqual(await ask("POST", "/echo/3/teardown"), torn);
    const gone = { code: 404, message: "session not found" };
    assert.deepEqual(await ask("GET", "/echo/4/state"), [404, gone]);
  });
});

Deno.test("a publish is for the box that is asked, whatever the cookie", async () => {
  await withTwoBoxes(async (here, there) => {
    const cookie = await publishAt(there);
    const [status] = await call(here.url, "POST", "/echo/4/publish/demo", cookie, publishBody());
    assert.equal(status, 200);
    assert.notEqual(here.api.sessions.find("demo"), undefined);
    assert.deepEqual(here.api.sessions.find("demo")?.props.client_ip, HERE);
  });
});

Deno.test("what was forwarded is never forwarded again", async () => {
  await withTwoBoxes(async (here, there) => {
    const cookie = await publishAt(there);
    const gone = [404, { code: 404, message: "session not found" }];
    const marked = { "x-echo-forwarded": "1" };
    assert.deepEqual(
      await call(here.url, "GET", "/echo/4/state", cookie, undefined, marked),
      gone,
    );
    assert.deepEqual(
      await call(here.url, "PUT", "/echo/4/teardown", cookie, REASON, marked),
      gone,
    );
    assert.equal(there.api.sessions.find("demo")?.state, "ready");
  });
});

Deno.test("two boxes that each take the other for the session's do not loop", async () => {
  // Both answer on this address, but know themselves by others.
  const address = { ip: HERE, controlPort: 0, rtmpPort: 1935 };
  const confused = setUpApi({ privateIp: "127.0.0.9", address });
  const server = new WebServer({ hostname: HERE, port: 0 }, confused.app, CATEGORY);
  server.listen();
  address.controlPort = server.addr.port;
  try {
    const signer = setUpApi({ privateIp: HERE });
    const signed = await signer.request("POST", "/echo/4/publish/demo", { body: publishBody() });
    const url = `http://${HERE}:${server.addr.port}`;
    assert.deepEqual(
      await call(url, "GET", "/echo/4/state", cookieOf(signed)),
      [404, { code: 404, message: "session not found" }],
    );
  } finally {
    await server.close();
  }
});

/** Has a box forward `request` to a server of the test's own, which answers by `handler`. */
async function forwardTo(
  handler: (request: Request, clock: FakeClock) => Response | Promise<Response>,
  method: string,
  path: string,
  options: { body?: string; whenAnswered?: () => void } = {},
): Promise<Response> {
  const address = { ip: HERE, controlPort: 0, rtmpPort: 1935 };
  const api = setUpApi({ privateIp: HERE, address });
  const other = Deno.serve({ hostname: THERE, port: 0, onListen: () => {} }, (request) => {
    return handler(request, api.clock);
  });
  try {
    address.controlPort = other.addr.port;
    const signer = setUpApi({ privateIp: THERE });
    const signed = await signer.request("POST", "/echo/4/publish/demo", { body: publishBody() });
    return await api.request(method, path, {
      cookie: cookieOf(signed),
      headers: {
        "Authorization": "Bearer secret",
        "Content-Type": "application/json",
        "X-Forwarded-For": "192.0.2.1",
      },
      body: options.body,
    });
  } finally {
    options.whenAnswered?.();
    await other.shutdown();
  }
}

Deno.test("method, path, body, content type, cookie and the client's address go along", async () => {
  const got: unknown[] = [];
  const answer = await forwardTo(
    async (request) => {
      const { method, url, headers } = request;
      const kept = ["content-type", "x-forwarded-for", "x-echo-forwarded", "authorization"];
      got.push(method, new URL(url).pathname, ...kept.map((name) => headers.get(name)));
      got.push(headers.get("cookie")?.startsWith("echo="), await request.text());
      return Response.json({ code: 404, message: "as it is" }, { status: 404 });
    },
    "PUT",
    "/echo/4/pause",
    { body: "not even JSON" },
  );
  assert.equal(answer.status, 404);
  assert.deepEqual(await answer.json(), { code: 404, message: "as it is" });
  assert.deepEqual(got, [
    "PUT",
    "/echo/4/pause",
    "application/json",
    "192.0.2.1, 198.51.100.7",
    "1",
    null,
    true,
    "not even JSON",
  ]);
});

const NO_ANSWER = {
  code: 503,
  message: "the server that has the session does not answer",
};

for (
  const [what, handler] of [
    ["answers too much", () => Response.json("x".repeat(20_000))],
    ["is no Echo", () => new Response("<html>")],
    ["sends elsewhere", () => Response.redirect("http://127.0.0.1:1/")],
  ] as const
) {
  Deno.test(`a box that ${what} is a clear error`, async () => {
    const answer = await forwardTo(handler, "GET", "/echo/4/state");
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), NO_ANSWER);
  });
}

Deno.test("a box that does not answer in time is a clear error", async () => {
  const { promise: never, resolve: giveUp } = Promise.withResolvers<Response>();
  const silent = (_: Request, clock: FakeClock) => {
    clock.advanceSync(5000);
    return never;
  };
  const answer = forwardTo(silent, "GET", "/echo/4/state", {
    whenAnswered: () => giveUp(new Response()),
  });
  assert.equal((await answer).status, 503);
  assert.deepEqual(await (await answer).json(), NO_ANSWER);
});

Deno.test("an answer that came while this box stood still is an answer", async () => {
  const standsStill = (_: Request, clock: FakeClock) => {
    clock.standStill(12_000);
    return Response.json({ state: {} });
  };
  const answer = await forwardTo(standsStill, "GET", "/echo/4/state");
  assert.equal(answer.status, 200);
});

Deno.test("a box that is down is a clear error", async () => {
  const listener = Deno.listen({ hostname: THERE, port: 0 });
  const address = { ip: HERE, controlPort: listener.addr.port, rtmpPort: 1935 };
  listener.close();
  const signer = setUpApi({ privateIp: THERE, cookieKey: COOKIE_KEY });
  const signed = await signer.request("POST", "/echo/4/publish/demo", { body: publishBody() });
  const api = setUpApi({ privateIp: HERE, address });
  const cookie = cookieOf(signed);
  const answer = await api.request("PUT", "/echo/4/teardown", { cookie, body: REASON });
  assert.equal(answer.status, 503);
  assert.deepEqual(await answer.json(), NO_ANSWER);
});
