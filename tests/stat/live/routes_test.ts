/** Who may watch, who comes back, and what operators ask and end of a session. */
import assert from "node:assert/strict";
import { liveRoutes } from "../../../src/stat/live/routes.ts";
import { START } from "../../../testing/stat/house.ts";
import { Watched } from "../../../testing/stat/watched.ts";

Deno.test("who looks closer at a session is told its audio, its hour and its log", async () => {
  using watched = new Watched();
  const { house } = watched;
  const ingest = house.publish("demo", "srt");
  ingest.facts({ encoder: "Lavf60.16.100", title: "not told here" });
  house.play(25, ingest);
  house.play(0.032, house.publish("other", "rtmp"));
  const ask = (id: unknown) => watched.app.request(`/stat/1/sessions/${id}/details`);
  const response = await ask(START);
  assert.equal(response.headers.get("cache-control"), "no-store");
  const { history, log, ...facts } = await response.json();
  assert.deepEqual(facts, {
    ...{ id: START, name: "demo", encoder: "Lavf60.16.100" },
    ...{ codecs: "mp4a.40.2", sample_rate: 32_000, channels: 2 },
  });
  assert.deepEqual(history.at, [START + 10_000, START + 20_000]);
  assert.equal(history.bitrate[0], null, "the first sample has none before it");
  assert.ok(Math.abs(history.bitrate[1] - 25_000) < 250, `${history.bitrate}`);
  assert.deepEqual([history.lost, history.rtt, history.listeners], [[0, 0], [null, null], [3, 3]]);
  const events = log.map(({ event }: { event: string }) => event);
  assert.deepEqual(events, ["authorize", "create", "record-start", "hls-ready"]);
  for (const id of [START + 5, 0, "x", `0${START}`]) assert.equal((await ask(id)).status, 404);
  house.sessions.get(START)?.end("teardown", { code: 1, message: "over" });
  assert.equal((await ask(START)).status, 404);
});

Deno.test("only operators look closer at a session", async () => {
  using watched = new Watched();
  const { house, live } = watched;
  house.publish("demo", "rtmp");
  const app = liveRoutes({
    live,
    sessions: house.sessions,
    guard: (c) => Promise.resolve(c.text("no", 401)),
    validity: () => watched.validity.signal,
  });
  const response = await app.request(`/stat/1/sessions/${START}/details`);
  assert.deepEqual([response.status, await response.text()], [401, "no"]);
});

Deno.test("of a session that waits, what is not known is null", async () => {
  using watched = new Watched();
  watched.house.publish("demo", "rtmp");
  const response = await watched.app.request(`/stat/1/sessions/${START}/details`);
  const { codecs, sample_rate, channels, encoder, history, log } = await response.json();
  assert.deepEqual([codecs, sample_rate, channels, encoder], [null, null, null, null]);
  assert.deepEqual([history.at, log.length], [[], 1]);
});

Deno.test("who comes back is told only of what it has missed", async () => {
  using watched = new Watched();
  const { house } = watched;
  house.play(0.032, house.publish("a", "rtmp"));
  const first = await watched.watch();
  await first.until("log");
  const { id } = await first.until("log");
  await first.leave();
  house.play(0.032, house.publish("b", "rtmp"));
  for (const again of [watched.watch({ "Last-Event-ID": id }), watched.watch({}, `?after=${id}`)]) {
    const watcher = await again;
    assert.equal((await watcher.until("log")).data.name, "b");
  }
  const stranger = await watched.watch({ "Last-Event-ID": "x" });
  assert.equal((await stranger.until("log")).data.name, "a");
});

Deno.test("streams end with the right to watch, and with the server", async () => {
  using watched = new Watched();
  const first = await watched.watch();
  watched.validity.abort();
  watched.validity = new AbortController();
  const second = await watched.watch();
  watched.live.close();
  for (const watcher of [first, second]) {
    await watcher.until("snapshot");
    assert.equal(await watcher.next(), undefined);
  }
});

Deno.test("however many watch, an operator can", async () => {
  using watched = new Watched();
  for (let i = 0; i < 40; i++) await watched.watch();
  await (await watched.watch()).until("snapshot");
  assert.equal(watched.live.watchers, 32);
});

Deno.test("a page of another site cannot have a browser watch, and take places", async () => {
  using watched = new Watched();
  const strangers = [
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { Origin: "https://evil.example" },
    { Origin: "null" },
  ];
  for (const headers of strangers) {
    for (let i = 0; i < 40; i++) {
      const response = await watched.app.request("/stat/1/events", { headers });
      assert.equal(response.status, 403, JSON.stringify(headers));
      await response.body?.cancel();
    }
  }
  assert.equal(watched.live.watchers, 0);
  for (const site of ["same-origin", "none"]) await watched.watch({ "Sec-Fetch-Site": site });
});

Deno.test("who asks for the head alone does not watch", async () => {
  using watched = new Watched();
  const response = await watched.app.request("/stat/1/events", { method: "HEAD" });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.deepEqual([response.status, response.body, watched.live.watchers], [200, null, 0]);
});

Deno.test("a session is ended by its id, once", async () => {
  using watched = new Watched();
  const { house, app } = watched;
  house.play(1, house.publish("demo", "rtmp"));
  const session = house.sessions.find("demo");
  const end = async (id: string) => {
    return (await app.request(`/stat/1/sessions/${id}`, { method: "DELETE" })).status;
  };
  for (const id of ["0", "1", "x", `${START}0`, `0${START}`]) assert.equal(await end(id), 404, id);
  assert.equal(session?.state, "publishing");
  assert.equal(await end(String(START)), 204);
  assert.equal(session?.state, "terminated");
  assert.equal(await end(String(START)), 404);
  const watcher = await watched.watch();
  let { data } = await watcher.until("log");
  while (data.event !== "release") ({ data } = await watcher.until("log"));
  const { reason } = data.details as { reason: unknown };
  assert.deepEqual(reason, { code: 30000, message: "teardown by server" });
});
