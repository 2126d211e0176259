/** The whole fleet at a glance: what boxes tell is added up, and who does not answer is told. */
import assert from "node:assert/strict";
import type { BoxPlace, BoxRequest } from "../../../src/fleet/links/box_links.ts";
import type { KnownBox } from "../../../src/fleet/registry.ts";
import { type BoxReport, boxReport } from "../../../src/stat/fleet/box_report.ts";
import { boxRoutes } from "../../../src/stat/fleet/box_routes.ts";
import { FleetReporter } from "../../../src/stat/fleet/fleet_reporter.ts";
import { Health } from "../../../src/stat/health.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { knownBox } from "../../../testing/fleet/known_box.ts";
import { House, START } from "../../../testing/stat/house.ts";

/** What a box tells that has these sessions, and so many listeners of each name. */
function told(names: Record<string, number>, sessions: string[] = Object.keys(names)): BoxReport {
  return {
    started: "2026-11-26T20:00:00.000Z",
    sessions: sessions.map((name, i) => ({
      ...{ id: i + 1, name, state: "publishing", protocol: "rtmp" },
      ...{ started: "2026-11-26T20:00:01.000Z", title: null, artist: null, dj: null },
    })),
    listeners: { total: Object.values(names).reduce((sum, count) => sum + count, 0), names },
    left: sessions.length,
    problems: [],
  };
}

/** A fleet as box `a` sees it, with what the other boxes answer, or how they fail. */
function setUp(own: BoxReport, others: Record<string, BoxReport | Error>, boxes: KnownBox[]) {
  const clock = new FakeClock();
  const asked: [string, string, BoxRequest | undefined][] = [];
  const reporter = new FleetReporter({
    clock,
    view: { box: "a", boxes },
    membership: {
      isJoined: true,
      isAlone: false,
      beatAgeMs: 1234.5,
      errors: 3,
      problem: undefined,
    },
    own: () => own,
    links: {
      request: (box: BoxPlace, path: string, init?: BoxRequest) => {
        asked.push([box.id, path, init]);
        const answer = others[box.id];
        if (answer instanceof Error || answer === undefined) return Promise.reject(answer);
        const drain = { start: () => {}, cancel: () => {} };
        const routes = boxRoutes({ report: () => answer, drain });
        return Promise.resolve(routes.request(path.replace("/fleet/1/box", "") || "/"));
      },
    },
  });
  return { clock, reporter, asked };
}

Deno.test("boxes are asked for a second, and what they tell is added up", async () => {
  const { reporter, asked } = setUp(
    told({ demo: 3, other: 1 }, ["demo"]),
    { b: told({ demo: 5 }, ["other"]), c: told({}) },
    [knownBox("c"), knownBox("a"), knownBox("b")],
  );
  const { box, registry, total, boxes, sessions } = await reporter.report();
  assert.equal(box, "a");
  assert.deepEqual(registry, { joined: true, beat_age_ms: 1235, errors: 3 });
  assert.deepEqual(total, { boxes: 3, sessions: 2, listeners: 9 });
  assert.deepEqual(boxes.map(({ id, sessions, listeners }) => [id, sessions, listeners]), [
    ["a", 1, 4],
    ["b", 1, 5],
    ["c", 0, 0],
  ]);
  assert.deepEqual(sessions.map(({ name, box, listeners }) => [name, box, listeners]), [
    ["demo", "a", 8],
    ["other", "b", 1],
  ]);
  const question = { timeoutMs: 1000, maxBytes: 4 * 2 ** 20 };
  assert.deepEqual(asked, [["b", "/fleet/1/box", question], ["c", "/fleet/1/box", question]]);
});

Deno.test("of a box that does not answer, it is told what the registry knows, and why", async () => {
  const { reporter } = setUp(
    told({ demo: 3 }),
    { b: new Error("Cannot ask box b: no answer within 1 s") },
    [
      knownBox("a"),
      knownBox("b", {
        ...{ state: "draining", ageMs: 1900, load: { sessions: 7, listeners: 40, cpu: 0.2504 } },
      }),
    ],
  );
  const { total, boxes: [, box] } = await reporter.report();
  assert.deepEqual(total, { boxes: 2, sessions: 8, listeners: 43 });
  assert.deepEqual(box, {
    ...{ id: "b", state: "draining", version: "2.0.0", address: "192.0.2.2" },
    ...{ dashboard: "http://192.0.2.2:8088/", age_ms: 1900, cpu: 0.25, memory_bytes: 100_000_000 },
    ...{ sessions: 7, listeners: 40, left: null, started: null },
    problems: ["Cannot ask box b: no answer within 1 s"],
  });
});

Deno.test("many who ask at a time have the boxes asked once, and a second later again", async () => {
  const { clock, reporter, asked } = setUp(told({}), { b: told({}) }, [
    knownBox("a"),
    knownBox("b"),
  ]);
  const [first, second] = await Promise.all([reporter.report(), reporter.report()]);
  assert.equal(first, second);
  await clock.advance(900);
  assert.equal(await reporter.report(), first);
  await clock.advance(100);
  assert.notEqual(await reporter.report(), first);
  assert.equal(asked.length, 2);
});

Deno.test("what newer boxes add is passed over; what is no report counts as no answer", async () => {
  const newer = { ...told({ demo: 1 }), more: "of it" };
  const broken = { ...told({}), sessions: "none" };
  const { reporter } = setUp(told({}), { b: newer, c: Object(broken) }, [
    ...[knownBox("a"), knownBox("b"), knownBox("c")],
  ]);
  const { boxes: [, b, c] } = await reporter.report();
  assert.deepEqual([b?.listeners, b?.problems], [1, []]);
  assert.deepEqual([c?.started, c?.problems.length], [null, 1]);
});

Deno.test("a box tells its broadcasts, its own listeners, and what is wrong with it", () => {
  using house = new House();
  const { sessions } = house;
  const health = new Health();
  health.add("hls", () => ["the disk is full"]);
  const report = () =>
    boxReport({
      ...{ startedMs: START, sessions, left: 1, health },
      audience: { total: 4, streaming: 0, byName: () => [["demo", 3], ["other", 1]] },
    });
  assert.deepEqual(report().sessions, []);
  const demo = house.publish("demo", "rtmp");
  house.play(1, demo);
  demo.metadata({ title: "Blue in green", artist: undefined }, undefined);
  house.play(3, demo);
  const [session] = sessions.sessions;
  assert.deepEqual(report(), {
    started: new Date(START).toISOString(),
    sessions: [{
      ...{ id: session?.id, name: "demo", state: "publishing", protocol: "rtmp" },
      started: new Date(session?.created?.wallMs ?? NaN).toISOString(),
      ...{ title: "Blue in green", artist: null, dj: null },
    }],
    listeners: { total: 4, names: { demo: 3, other: 1 } },
    left: 1,
    problems: ["the disk is full"],
  });
});
