/** The routes of the whole fleet: who may ask, what Prometheus reads, and how boxes drain. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import type { KnownBox } from "../../../src/fleet/registry.ts";
import { boxRoutes } from "../../../src/stat/fleet/box_routes.ts";
import { fleetStatRoutes } from "../../../src/stat/fleet/routes.ts";
import { OperatorEntrance } from "../../../src/stat/operator/operator_entrance.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { knownBox } from "../../../testing/fleet/known_box.ts";

const TOKEN = { Authorization: "Bearer letmein" };

/** Boxes `a`, which is asked, and `b`, with what they were told to do. */
function setUp(boxes: KnownBox[] = [knownBox("a"), knownBox("b")]) {
  const done: string[] = [];
  const drainOf = (id: string) => ({
    start: () => void done.push(`${id} drains`),
    cancel: () => void done.push(`${id} drains no more`),
  });
  const b = new Hono().route(
    "/fleet/1/box",
    boxRoutes({
      report: () => assert.fail("nobody asks for it"),
      drain: drainOf("b"),
    }),
  );
  const state = { isGone: false };
  const app = fleetStatRoutes({
    view: { box: "a", boxes, boxOf: (id) => boxes.find((box) => box.id === id) },
    reporter: {
      report: () =>
        Promise.resolve({
          ...{ box: "a", boxes: [], sessions: [] },
          registry: { joined: true, beat_age_ms: 0, errors: 0 },
          total: { boxes: 0, sessions: 0, listeners: 0 },
        }),
    },
    links: {
      request: async (_, path, init) => {
        if (state.isGone) throw new Error("no answer within 1.5 s");
        return await b.request(path, { method: init?.method ?? "GET" });
      },
    },
    drain: drainOf("a"),
    guard: new OperatorEntrance({ token: "letmein", clock: new FakeClock() }).guard,
  });
  return { app, done, state };
}

Deno.test("the fleet is for operators alone", async () => {
  const { app, done } = setUp();
  for (
    const [method, path] of [
      ["GET", "/stat/1/fleet"],
      ["GET", "/stat/1/targets"],
      ["PUT", "/stat/1/fleet/a/drain"],
      ["DELETE", "/stat/1/fleet/b/drain"],
    ] as const
  ) {
    assert.equal((await app.request(path, { method })).status, 401, path);
  }
  assert.deepEqual(done, []);
  const answer = await app.request("/stat/1/fleet", { headers: TOKEN });
  assert.deepEqual([answer.status, (await answer.json()).box], [200, "a"]);
});

Deno.test("Prometheus is told where the metrics of all boxes are", async () => {
  const { app } = setUp([
    knownBox("c", { privateUrl: "http://[2001:db8::3]:5022" }),
    knownBox("a"),
    knownBox("d", { publicAddress: { ip: "192.0.2.4", ports: { hls: 8080 } } }),
  ]);
  const answer = await app.request("/stat/1/targets", { headers: TOKEN });
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.deepEqual(await answer.json(), [
    { targets: ["10.0.0.1:8088"], labels: { box: "a" } },
    { targets: ["[2001:db8::3]:8088"], labels: { box: "c" } },
  ]);
});

Deno.test("any box has any box drain, and drain no more", async () => {
  const { app, done } = setUp();
  const change = async (method: string, box: string) => {
    const path = `/stat/1/fleet/${box}/drain`;
    return (await app.request(path, { method, headers: TOKEN })).status;
  };
  assert.equal(await change("PUT", "a"), 204);
  assert.equal(await change("PUT", "b"), 204);
  assert.equal(await change("DELETE", "b"), 204);
  assert.equal(await change("DELETE", "a"), 204);
  assert.deepEqual(done, ["a drains", "b drains", "b drains no more", "a drains no more"]);
});

Deno.test("a box that is not there, or does not answer, is told to who asks", async () => {
  const { app, state, done } = setUp();
  const drain = async (box: string) => {
    const answer = await app.request(`/stat/1/fleet/${box}/drain`, {
      method: "PUT",
      headers: TOKEN,
    });
    return [answer.status, (await answer.json()).message];
  };
  assert.deepEqual(await drain("z"), [404, "box not found"]);
  state.isGone = true;
  assert.deepEqual(await drain("b"), [503, "box b does not answer"]);
  assert.deepEqual(done, []);
});
