/** Which box of a fleet answers a call of the control API. */
import assert from "node:assert/strict";
import { passedRoutes } from "../../src/control/answering_boxes.ts";
import { BoxUnreachable } from "../../src/fleet/links/box_links.ts";
import type { KnownBox, NameRecord } from "../../src/fleet/registry.ts";
import { newRecord } from "../../src/fleet/registry.ts";
import { answeringBoxes } from "../../src/station/control_passing.ts";
import { publishBody, setUpApi } from "../../testing/control/control_api.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { knownBox } from "../../testing/fleet/known_box.ts";
import { LinkedBox } from "../../testing/fleet/linked_boxes.ts";

const OWNER = { box: "b", incarnation: "first of b", epoch: 3 };
const REQUEST = { method: "POST", url: "http://a/", address: "", headers: {}, body: "" };

/** Sends a request to another box. */
type SendRequest = Parameters<typeof answeringBoxes>[0]["links"]["request"];

/**
 * Box `a` in a fleet, which knows this of the name `demo`.
 * @param status what other boxes answer with
 */
function setUp(
  boxes: KnownBox[],
  record?: Partial<NameRecord>,
  { status = 200, request }: { readonly status?: number; readonly request?: SendRequest } = {},
) {
  const known = record && { ...newRecord("demo"), ...OWNER, ...record };
  const asked: string[] = [];
  const others = answeringBoxes({
    member: {
      box: "a",
      boxes,
      find: (name) => name === "demo" ? known : undefined,
      boxOf: (id) => boxes.find((box) => box.id === id),
      isAlive: ({ box }) => boxes.some(({ id }) => id === box),
    },
    links: {
      request: request ?? (({ id }, path, { method = "GET" } = {}) => {
        if (method === "POST") asked.push(`${id} ${path}`);
        return Promise.resolve(Response.json({}, { status }));
      }),
    },
  });
  /** The box that a publish goes to. */
  const publishAt = async (name = "demo") => {
    asked.length = 0;
    await others.forPublish(name)?.(REQUEST);
    return asked[0]?.split(" ")[0] ?? "here";
  };
  return { others, asked, publishAt };
}

Deno.test("a broadcast is published where its name is", async () => {
  const boxes = [knownBox("a"), knownBox("b", { load: { cpu: 3 } })];
  const { publishAt, asked } = setUp(boxes, { box: "b", state: "held" });
  assert.equal(await publishAt(), "b");
  assert.deepEqual(asked, ["b /fleet/1/control"]);
  assert.equal(await setUp(boxes, { box: "a", state: "live" }).publishAt(), "here");
});

Deno.test("a new one, or one whose box is gone or drains, goes to a box with less to do", async () => {
  const boxes = [
    knownBox("a", { load: { cpu: 2 } }),
    knownBox("b", { state: "draining" }),
    knownBox("c", { load: { cpu: 0.1 } }),
  ];
  assert.equal(await setUp(boxes).publishAt(), "c");
  assert.equal(await setUp(boxes, { box: "b", state: "live" }).publishAt(), "c");
  assert.equal(await setUp(boxes, { box: "z", state: "live" }).publishAt(), "c");
  assert.equal(await setUp(boxes, { box: "a", state: "over" }).publishAt("other"), "c");
});

Deno.test("a box that drains gives away what is published there", async () => {
  const boxes = [knownBox("a", { state: "draining" }), knownBox("b")];
  assert.equal(await setUp(boxes, { box: "a", state: "held" }).publishAt(), "b");
});

Deno.test("where no box is open, and before others are known, this one answers", async () => {
  assert.equal(await setUp([knownBox("a", { state: "draining" })]).publishAt(), "here");
  assert.equal(await setUp([]).publishAt(), "here");
});

Deno.test("a session is where its name is, if that is still the same session", async () => {
  const boxes = [knownBox("a"), knownBox("b")];
  const there = setUp(boxes, { box: "b", state: "live", sessionId: 7 });
  const ask = there.others.forSession({ id: 7, name: "demo" });
  assert.ok(typeof ask === "function");
  await ask(REQUEST);
  assert.deepEqual(there.asked, ["b /fleet/1/control"]);
  assert.equal(there.others.forSession({ id: 6, name: "demo" }), undefined);
  assert.equal(there.others.forSession({ id: 7, name: "other" }), undefined);
  const here = setUp(boxes, { box: "a", state: "live", sessionId: 7 });
  assert.equal(here.others.forSession({ id: 7, name: "demo" }), "here");
  const gone = setUp(boxes, { box: "z", state: "live", sessionId: 7 });
  assert.equal(gone.others.forSession({ id: 7, name: "demo" }), undefined);
});

Deno.test("where the box that is asked has no place for a new broadcast, this one is to have it", async () => {
  const boxes = [knownBox("a", { load: { cpu: 2 } }), knownBox("b")];
  const ask = (record?: Partial<NameRecord>) => {
    return setUp(boxes, record, { status: 503 }).others.forPublish("demo")?.(REQUEST);
  };
  await assert.rejects(async () => await ask(), /box b.*503/);
  await assert.rejects(async () => await ask({ box: "b", state: "over" }), /box b.*503/);
  assert.equal((await ask({ box: "b", state: "live" }))?.status, 503, "it has the name");
});

Deno.test("a box that swallows what is sent to it gets no call, and is waited for a second", async () => {
  const clock = new FakeClock();
  const sent: string[] = [];
  await using a = new LinkedBox("a", {
    clock,
    fetch: (_url, { method = "GET", signal } = {}) => {
      sent.push(method);
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    },
  });
  const { others } = setUp([knownBox("a"), knownBox("b")], { state: "live", sessionId: 7 }, {
    request: (...request) => a.links.request(...request),
  });
  const session = others.forSession({ id: 7, name: "demo" });
  for (const ask of [others.forPublish("demo"), session]) {
    assert.ok(typeof ask === "function");
    const answer = assert.rejects(ask(REQUEST), BoxUnreachable);
    await clock.advance(1000);
    await answer;
  }
  assert.deepEqual(sent, ["GET", "GET"]);
});

Deno.test("a publish crosses to the API of the other box, and comes back where that is refused", async () => {
  for (
    const { sharedKey, ip } of [
      { sharedKey: "shared", ip: "203.0.113.6" },
      { sharedKey: "another", ip: "203.0.113.5" },
    ]
  ) {
    await using a = new LinkedBox("a");
    await using b = new LinkedBox("b", { sharedKey });
    const there = setUpApi({
      ...{ isPassedOn: true, address: { ip: "203.0.113.6", controlPort: 5021, rtmpPort: 1935 } },
    });
    b.routes.route("/control", passedRoutes(there.app));
    const { others } = setUp([knownBox("a"), { ...knownBox("b"), ...b.place }], { state: "live" }, {
      request: (...request) => a.links.request(...request),
    });
    const here = setUpApi({ others });
    const answer = await here.request("POST", "/echo/4/publish/demo", { body: publishBody() });
    assert.equal(answer.headers.get("echo-api"), null);
    const { publish } = await answer.json();
    assert.equal(publish.transports[0].address, ip);
  }
});
