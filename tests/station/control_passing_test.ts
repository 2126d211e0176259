/** Which box of a fleet answers a call of the control API. */
import assert from "node:assert/strict";
import type { KnownBox, NameRecord } from "../../src/fleet/registry.ts";
import { newRecord } from "../../src/fleet/registry.ts";
import { answeringBoxes } from "../../src/station/control_passing.ts";
import { knownBox } from "../../testing/fleet/known_box.ts";

const OWNER = { box: "b", incarnation: "first of b", epoch: 3 };
const REQUEST = { method: "POST", url: "http://a/", address: "", headers: {}, body: "" };

/** Box `a` in a fleet, which knows this of the name `demo`. */
function setUp(boxes: KnownBox[], record?: Partial<NameRecord>) {
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
      request: ({ id }, path) => {
        asked.push(`${id} ${path}`);
        return Promise.resolve(Response.json({}));
      },
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
