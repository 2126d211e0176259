/** Calls of the control API that another box of the fleet answers. */
import assert from "node:assert/strict";
import { type AnsweringBoxes, passedRoutes } from "../../src/control/answering_boxes.ts";
import {
  type Api,
  type ApiOptions,
  CLIENT,
  cookieOf,
  publishBody,
  REASON,
  setUpApi,
} from "../../testing/control/control_api.ts";

interface Fleet {
  readonly here: Api;
  readonly there: Api;
  /** What a test changes: who is to have a broadcast, and whether the other box answers. */
  readonly state: {
    place: "here" | "there" | "unknown";
    isThere: boolean;
    /** What other parts of the other box answer, before its API has the call. */
    instead: Response | undefined;
  };
  /** Calls that were passed on. */
  readonly passed: string[];
}

/** Two boxes, of which the first is asked. */
function setUp(options: ApiOptions = {}): Fleet {
  const there = setUpApi({
    ...{ privateIp: "10.0.0.2", isPassedOn: true },
    address: { ip: "203.0.113.6", controlPort: 5021, rtmpPort: 1935 },
    ...options,
  });
  const passedOn = passedRoutes(there.app);
  const passed: string[] = [];
  const state: Fleet["state"] = { place: "there", isThere: true, instead: undefined };
  const ask: ReturnType<AnsweringBoxes["forPublish"]> = async (request) => {
    passed.push(`${request.method} ${new URL(request.url).pathname}`);
    if (!state.isThere) throw new Error("no answer within 10 s");
    if (state.instead !== undefined) return state.instead.clone();
    return await passedOn.request("/", { method: "POST", body: JSON.stringify(request) });
  };
  const here = setUpApi({
    others: {
      forPublish: () => state.place === "there" ? ask : undefined,
      forSession: () => ({ there: ask, here: "here" as const, unknown: undefined })[state.place],
    },
    ...options,
  });
  return { here, there, passed, state };
}

async function publishAt({ request }: Api): Promise<Response> {
  return await request("POST", "/echo/4/publish/demo", { body: publishBody() });
}

Deno.test("a publish is answered by the box that is to have it, to the client as it came", async () => {
  const { here, there, passed } = setUp();
  const answer = await publishAt(here);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  const { publish } = await answer.json();
  assert.equal(publish.control, "http://203.0.113.6:5021/echo/4");
  assert.equal(publish.transports[0].address, "203.0.113.6");
  assert.match(cookieOf(answer), /\.demo\.10\.0\.0\.2\./);
  assert.deepEqual(passed, ["POST /echo/4/publish/demo"]);
  assert.equal(here.sessions.find("demo"), undefined);
  assert.equal(there.sessions.find("demo")?.props.client_ip, CLIENT);
});

Deno.test("what the other box refuses is refused", async () => {
  const credentials = { users: new Map(), bearerToken: "right" };
  const { here } = setUp({ auth: "key", credentials });
  const refusal = await publishAt(here);
  assert.equal(refusal.status, 401);
  // Some clients tell who they are only where they are asked to.
  assert.match(refusal.headers.get("WWW-Authenticate") ?? "", /^Basic /);
  const answer = await here.request("POST", "/echo/4/publish/demo", {
    ...{ body: publishBody(), headers: { Authorization: "Bearer right" } },
  });
  assert.equal(answer.status, 200);
  const wrong = await here.request("POST", "/echo/4/publish/demo", { body: "{" });
  assert.equal(wrong.status, 401, "who may not is told nothing else");
});

Deno.test("where the other box does not answer, this one has the broadcast", async () => {
  const { here, there, state } = setUp();
  state.isThere = false;
  const { publish } = await (await publishAt(here)).json();
  assert.equal(publish.transports[0].address, "203.0.113.5");
  assert.equal(there.sessions.find("demo"), undefined);
});

Deno.test("where the other box has the call not answered by its API, this one answers", async () => {
  const { here, state } = setUp();
  const answers = [
    Response.json({ code: 401, message: "the signature is not that of a box" }, { status: 401 }),
    Response.json({ code: 421, message: "the request is for another run" }, { status: 421 }),
    new Response("404 Not Found", { status: 404 }),
    new Response("Internal Server Error", { status: 500 }),
  ];
  for (const answer of answers) {
    state.instead = answer;
    const { publish } = await (await publishAt(here)).json();
    assert.equal(publish.transports[0].address, "203.0.113.5");
  }
});

Deno.test("what this box is to have it answers by itself", async () => {
  const { here, passed, state } = setUp();
  state.place = "here";
  assert.equal((await publishAt(here)).status, 200);
  assert.deepEqual(passed, []);
});

Deno.test("calls for a session go to the box that has it, whatever box the cookie names", async () => {
  const { here, there, passed } = setUp();
  const answer = await publishAt(here);
  await answer.body?.cancel();
  const cookie = cookieOf(answer);
  const state = await here.request("GET", "/echo/4/state", { cookie });
  assert.deepEqual(await state.json(), { state: { name: "demo", state: "ready" } });
  const paused = await here.request("PUT", "/echo/4/pause", { cookie, body: REASON });
  assert.deepEqual(await paused.json(), { pause: { name: "demo" } });
  const over = await here.request("PUT", "/echo/4/teardown", { cookie, body: REASON });
  assert.deepEqual(await over.json(), { teardown: { name: "demo" } });
  assert.equal(there.sessions.find("demo"), undefined);
  assert.deepEqual(passed.slice(1), [
    ...["GET /echo/4/state", "PUT /echo/4/pause", "PUT /echo/4/teardown"],
  ]);
});

Deno.test("a session that has come here is found here, though the cookie names another box", async () => {
  const { here, there, passed, state } = setUp({ cookieKey: "0".repeat(32) });
  state.place = "here";
  const answer = await publishAt(there);
  await answer.body?.cancel();
  const cookie = cookieOf(answer);
  assert.match(cookie, /\.10\.0\.0\.2\./);
  const told = await here.request("GET", "/echo/4/state", { cookie });
  assert.equal(told.status, 404, "it is looked for here, and nowhere else");
  assert.deepEqual(passed, []);
});

Deno.test("where the box with the session does not answer, that is said", async () => {
  const { here, state } = setUp();
  const answer = await publishAt(here);
  await answer.body?.cancel();
  state.isThere = false;
  const told = await here.request("GET", "/echo/4/state", { cookie: cookieOf(answer) });
  assert.equal(told.status, 503);
  assert.match((await told.json()).message, /does not answer/);
  state.isThere = true;
  state.instead = Response.json({ code: 401, message: "has come before" }, { status: 401 });
  const refused = await here.request("GET", "/echo/4/state", { cookie: cookieOf(answer) });
  assert.equal(refused.status, 503);
});
