/** The HTTP routes of statistics: health, load, sessions, counts. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { sessionEvent } from "../../src/session/events.ts";
import { OperatorEntrance } from "../../src/stat/operator/operator_entrance.ts";
import { failingRecordings, Health } from "../../src/stat/health.ts";
import { statRoutes } from "../../src/stat/routes.ts";
import { systemUsage } from "../../src/stat/system_usage.ts";
import { withServerHeader } from "../../src/web/web_server.ts";
import { House, START } from "../../testing/stat/house.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

const USAGE = { load: { one: 0.5, five: 1.25, fifteen: 2 }, memory: 40.5 };

function appOf({ statistics }: House, health = new Health()): Hono {
  const routes = statRoutes({
    statistics,
    usage: () => USAGE,
    metrics: { contentType: "text/plain", render: () => Promise.resolve("up 1\n") },
    health,
    audience: { total: 50, streaming: 0, byName: () => [["demo", 49], ["other", 1]] },
    entrance: new OperatorEntrance({
      token: "letmein",
      clock: new FakeClock(),
    }),
  });
  return withServerHeader(routes, ["echo", "stat"]);
}

async function get(app: Hono, path: string): Promise<[number, unknown]> {
  const response = await app.request(path);
  assert.equal(response.headers.get("content-type"), "application/json");
  return [response.status, await response.json()];
}

function time(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString();
}

Deno.test("a health check is answered with nothing", async () => {
  using house = new House();
  const response = await appOf(house).request("/health");
  assert.deepEqual([response.status, await response.text()], [200, ""]);
  assert.match(response.headers.get("server") ?? "", /^Echo\/\d/);
});

Deno.test("a health check that wants JSON is told what is wrong, and has its 200", async () => {
  using house = new House();
  const health = new Health();
  const app = appOf(house, health);
  const check = async () => {
    const headers = { Accept: "application/json", Authorization: "Bearer letmein" };
    const response = await app.request("/health", { headers });
    assert.equal(response.headers.get("vary"), "Accept");
    return [response.status, await response.json()];
  };
  const well = [200, { status: "ok", parts: [], problems: [] }];
  assert.deepEqual(await check(), well);
  let problem: string | undefined = "the disk is full";
  health.add("record", () => [problem]);
  health.add("hls", () => []);
  const degraded = { status: "degraded", parts: ["record"], problems: ["the disk is full"] };
  assert.deepEqual(await check(), [200, degraded]);
  const response = await app.request("/health", { headers: { Accept: "*/*" } });
  assert.deepEqual([response.status, await response.text()], [200, ""]);
  problem = undefined;
  assert.deepEqual(await check(), well);
});

Deno.test("health tells no paths and causes to clients that have not shown the token", async () => {
  using house = new House();
  const health = new Health();
  const app = appOf(house, health);
  health.add("hook", () => ["The hook server does not take events"]);
  health.add("record", () => ["demo is not recorded: no space left", "Cannot write to /archive"]);
  const others: Record<string, string>[] = [{}, { Authorization: "Bearer guessed" }];
  for (const shown of others) {
    const headers = { Accept: "application/json", ...shown };
    const response = await app.request("/health", { headers });
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { status: "degraded", parts: ["hook", "record"] });
  }
});

Deno.test("a broadcast that is not recorded is a problem until it is, or has ended", () => {
  using house = new House();
  const { events, sessions } = house;
  const problems = failingRecordings(events, (id) => sessions.get(id) !== undefined);
  house.play(1, house.publish("demo", "rtmp"));
  const session = sessions.find("demo");
  assert.ok(session !== undefined);
  const tell = (kind: "record-error" | "record-start") => {
    events.emit(sessionEvent(session, kind, 0, { path: "demo.part", message: "no space left" }));
  };
  tell("record-error");
  assert.deepEqual(problems(), ["demo is not recorded: no space left"]);
  tell("record-start");
  assert.deepEqual(problems(), []);
  tell("record-error");
  const completed = { path: "demo.mp4", part: "other.part", durationMs: 1 };
  events.emit(sessionEvent(session, "record-complete", 0, completed));
  assert.equal(problems().length, 1, "another part is finished");
  events.emit(sessionEvent(session, "record-complete", 0, { ...completed, part: "demo.part" }));
  assert.deepEqual(problems(), []);
  tell("record-error");
  session.end("finished", SERVER_REASON);
  assert.deepEqual(problems(), []);
  tell("record-error");
  assert.deepEqual(problems(), [], "it is over");
});

Deno.test("load and memory are told as they are", async () => {
  using house = new House();
  assert.deepEqual(await get(appOf(house), "/stat/1/sysusage"), [200, USAGE]);
  const { load, memory } = systemUsage();
  assert.ok([load.one, load.five, load.fifteen].every((value) => value >= 0));
  assert.ok(memory > 0 && memory < 100);
});

Deno.test("a session is told of from its first frame until ingest, HLS and record have ended", async () => {
  using house = new House();
  const app = appOf(house);
  const path = `/stat/1/sessions/${START}`;
  const unknown = [404, { code: 404, message: "session not found" }];
  const ingest = house.publish("demo", "srt");
  assert.deepEqual(await get(app, path), unknown);
  assert.deepEqual(await get(app, "/stat/1/sessions"), [200, []]);

  house.play(0.5, ingest);
  const created = {
    name: "demo",
    protocol: "srt",
    ingest_start_time: time(0),
    ingest_end_time: null,
    hls_ready_time: null,
    hls_end_time: null,
    hls_path: null,
    record_start_time: null,
    record_complete_time: null,
    record_path: null,
    ingest_quality: null,
    title: null,
    artist: null,
  };
  assert.deepEqual(await get(app, "/stat/1/sessions"), [200, [START]]);
  assert.deepEqual(await get(app, path), [200, created]);

  house.play(9.5, ingest);
  const onAir = {
    ...created,
    hls_ready_time: time(6),
    hls_path: "hls/demo/playlist.m3u8",
    record_start_time: time(1),
    record_path: "record/demo.part",
  };
  assert.deepEqual(await get(app, path), [200, onAir]);

  ingest.end("lost");
  house.play(1);
  const back = house.publish("demo", "rtmp");
  house.play(0.032, back);
  const quality = { total_count: 313, drop_count: 0, bad_count: 0, filler_count: 0 };
  const returned = { ...onAir, protocol: "rtmp", ingest_quality: quality };
  assert.deepEqual(await get(app, path), [200, returned]);

  house.sessions.find("demo")?.end("teardown", { code: 1, message: "enough" });
  house.play(1);
  assert.deepEqual(await get(app, path), [200, {
    ...returned,
    ingest_end_time: time(11.032),
    record_complete_time: time(11.282),
    record_path: "record/demo.mp4",
    ingest_quality: { ...quality, total_count: 314, filler_count: 31 },
  }]);

  house.play(10.999);
  assert.deepEqual(await get(app, "/stat/1/sessions"), [200, [START]]);
  house.play(0.001);
  assert.deepEqual(await get(app, "/stat/1/sessions"), [200, []]);
  assert.deepEqual(await get(app, path), unknown);
});

Deno.test("inputs and outputs are counted, and every total is the sum of what stands beside it", async () => {
  using house = new House();
  const app = appOf(house);
  const path = "/stat/1/sessions/count";
  assert.deepEqual(await get(app, path), [200, {
    total: 0,
    input: { total: 0, srt: 0, rtmp: 0, icecast: 0 },
    output: { total: 0, hls: 0, record: 0 },
  }]);
  const ingests = ["a", "b"].map((name) => house.publish(name, "srt"));
  house.play(3, ...ingests);
  ingests.push(house.publish("c", "rtmp"));
  house.play(4, ...ingests);
  assert.deepEqual(await get(app, path), [200, {
    total: 8,
    input: { total: 3, srt: 2, rtmp: 1, icecast: 0 },
    output: { total: 5, hls: 2, record: 3 },
  }]);
  assert.deepEqual(await get(app, `${path}/input`), [200, {
    total: 3,
    srt: 2,
    rtmp: 1,
    icecast: 0,
  }]);
  ingests[0]?.end("finished");
  house.play(1);
  assert.deepEqual(await get(app, path), [200, {
    total: 6,
    input: { total: 2, srt: 1, rtmp: 1, icecast: 0 },
    output: { total: 4, hls: 2, record: 2 },
  }]);
});

for (const id of ["0", "1", "-1", "1.5", "01", "9".repeat(30), "x"]) {
  Deno.test(`there is no session ${id}`, async () => {
    using house = new House();
    const answer = await get(appOf(house), `/stat/1/sessions/${id}`);
    assert.deepEqual(answer, [404, { code: 404, message: "session not found" }]);
  });
}

Deno.test("metrics are open to all, listeners are not", async () => {
  using house = new House();
  const app = appOf(house);
  const metrics = await app.request("/metrics");
  assert.deepEqual([metrics.status, await metrics.text()], [200, "up 1\n"]);
  assert.equal((await app.request("/stat/1/listeners")).status, 401);
  const headers = { Authorization: "Bearer letmein" };
  const listeners = await app.request("/stat/1/listeners", { headers });
  assert.deepEqual(await listeners.json(), { total: 50, names: { demo: 49, other: 1 } });
});

Deno.test("only operators are told where the folders of a box are", async () => {
  using house = new House();
  house.play(0.5, house.publish("demo", "srt"));
  const session = house.sessions.find("demo");
  assert.ok(session !== undefined);
  const tell = (hls: string, record: string) => {
    house.events.emit(sessionEvent(session, "hls-ready", START, { path: hls }));
    house.events.emit(sessionEvent(session, "record-start", START, { path: record }));
  };
  const app = appOf(house);
  const paths = async (isLetIn: boolean) => {
    const headers = isLetIn ? { Authorization: "Bearer letmein" } : {};
    const answer = await app.request(`/stat/1/sessions/${START}`, { headers });
    const { hls_path, record_path } = await answer.json();
    return [hls_path, record_path];
  };
  assert.deepEqual(await paths(false), [null, null]);
  const secret = ["/home/anna/echo/hls/demo/playlist.m3u8", "/srv/secret/demo.mp4"] as const;
  tell(...secret);
  assert.deepEqual(await paths(true), secret);
  assert.deepEqual(await paths(false), ["demo/playlist.m3u8", "demo.mp4"]);
  const open = ["./output/hls/demo/playlist.m3u8", "output/record/demo.mp4"] as const;
  tell(...open);
  assert.deepEqual(await paths(false), open);
});
