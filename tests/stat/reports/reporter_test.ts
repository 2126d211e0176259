/** How long shows were listened to, whatever becomes of their connections and of the server. */
import assert from "node:assert/strict";
import { sessionEvent } from "../../../src/session/events.ts";
import { MOVED_REASON, SERVER_REASON } from "../../../src/session/reason.ts";
import { MAX_TITLES_A_DAY } from "../../../src/stat/reports/counted_show.ts";
import type { ReportedShow } from "../../../src/stat/reports/report.ts";
import { Reporter } from "../../../src/stat/reports/reporter.ts";
import { START } from "../../../testing/stat/house.ts";
import { ReportedHouse } from "../../../testing/stat/reported_house.ts";
import { withFolder } from "../../../testing/temporary_folder.ts";
import { until } from "../../../testing/until.ts";

/** A listener is counted so many seconds early or late (`src/hls/listeners.ts`). */
const SETTLED_SECONDS = 10;

/** Asserts that so many listened for so long, in all. */
function assertHeard(shows: readonly ReportedShow[], listeners: number, seconds: number): void {
  const heard = shows.reduce((total, show) => total + Number(show.seconds), 0);
  const off = Math.abs(heard - listeners * seconds);
  assert.ok(
    off <= listeners * SETTLED_SECONDS,
    `${heard} listener seconds, where ${listeners} heard ${seconds} s`,
  );
}

/** Resolves once all shows are saved as they were at a time or later, if the process died now. */
async function saved(folder: string, at: number): Promise<void> {
  await until("what is open is saved", async () => {
    try {
      return JSON.parse(await Deno.readTextFile(`${folder}/open.jsonl`)).at >= at;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

Deno.test("a show is reported with who made it, its titles, and who heard them", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const { house, reporter } = reported;
    const ingest = house.publish("demo", "rtmp");
    reported.listen("demo", 0, 2, ingest);
    ingest.metadata({ title: "First", artist: "Band" }, undefined);
    reported.listen("demo", 40, 60, ingest);
    ingest.metadata({ title: "Second", artist: undefined }, undefined);
    reported.listen("demo", 40, 60, ingest);
    const [show, ...others] = await reported.report();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [show?.name, show?.dj, show?.protocol, show?.start, show?.end, show?.peak],
      ["demo", null, "rtmp", START, null, 40],
    );
    assert.deepEqual(
      show?.titles.map(({ at, title, artist, listeners }) => [at, title, artist, listeners]),
      [[START + 2000, "First", "Band", 0], [START + 62_000, "Second", null, 40]],
    );
    ingest.end("finished");
    const endedAt = house.clock.now();
    reported.listen("demo", 0, 30);
    assert.equal((await reported.report())[0]?.end, endedAt);
    await reporter.close();
    assertHeard(await reported.report(), 40, 120);
  });
});

Deno.test("an hour of listening is an hour for each listener, and no more", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const ingest = reported.house.publish("demo", "srt");
    reported.listen("demo", 7, 1800, ingest);
    reported.listen("demo", 20, 1800, ingest);
    reported.listen("demo", 0, 60, ingest);
    const [show] = await reported.report();
    const expected = 7 * 1800 + 20 * 1800;
    assert.ok(
      Math.abs(Number(show?.seconds) - expected) <= 20 * SETTLED_SECONDS,
      `${show?.seconds}`,
    );
    assert.equal(show?.peak, 20);
    await reported.reporter.close();
  });
});

Deno.test("a hold and a take-over are in the same show, and listening goes on", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const { house } = reported;
    const first = house.publish("demo", "rtmp");
    reported.listen("demo", 10, 120, first);
    first.end("lost");
    // Silence is put in, and players fetch it.
    reported.listen("demo", 10, 8);
    const second = house.publish("demo", "srt");
    reported.listen("demo", 10, 120, second);
    const shows = await reported.report();
    assert.equal(shows.length, 1);
    assert.equal(shows[0]?.protocol, "srt");
    assertHeard(shows, 10, 248);
    await reported.reporter.close();
  });
});

Deno.test("who still hears the end of a show counts for it until the next of that name", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const { house } = reported;
    const first = house.publish("demo", "rtmp");
    reported.listen("demo", 10, 120, first);
    first.end("finished");
    const second = house.publish("demo", "rtmp");
    reported.listen("demo", 10, 120, second);
    second.end("finished");
    reported.listen("demo", 0, 60);
    const shows = await reported.report();
    assert.equal(shows.length, 2);
    for (const show of shows) assertHeard([show], 10, 120);
    assertHeard(shows, 10, 240);
    await reported.reporter.close();
  });
});

Deno.test("a show that was at another box meanwhile is one show, counted while it was here", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const { house, reporter, listeners } = reported;
    const first = house.publish("demo", "rtmp");
    reported.listen("demo", 10, 120, first);
    first.metadata({ title: "First", artist: undefined }, undefined);
    reported.listen("demo", 10, 2, first);
    const session = house.sessions.find("demo");
    assert.ok(session !== undefined);
    session.end("moved", MOVED_REASON);
    // They hear it still, and the other box counts them.
    listeners.count = () => 10;
    house.clock.advanceSync(60_000);
    const { id, name, protocol, props } = session;
    const carried = { id, name, protocol, props, createdAtMs: START, isPaused: true };
    house.sessions.takeOver({ ...carried, holdMs: 10_000 }, "192.0.2.1");
    const second = house.publish("demo", "rtmp");
    house.play(60, second);
    second.metadata({ title: "Second", artist: undefined }, undefined);
    house.play(1, second);
    second.end("finished");
    const endedAt = house.clock.now();
    house.clock.advanceSync(60_000);
    await reporter.close();
    const shows = await reported.report();
    assert.deepEqual(
      shows.map(({ id, start, end, titles }) => [id, start, end, titles.map(({ title }) => title)]),
      [[id, START, endedAt, ["First", "Second"]]],
    );
    // What is served of its end is heard for 12 s.
    assertHeard(shows, 10, 122 + 61 + 12);
  });
});

Deno.test("who is sent an endless stream counts as others do", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const streams = new Map([["demo", 4]]);
    // Each thread has its own.
    reported.listeners.addStreams(() => [streams, new Map([["demo", 1], ["other", 9]])]);
    const ingest = reported.house.publish("demo", "rtmp");
    reported.listen("demo", 10, 60, ingest);
    streams.delete("demo");
    reported.listen("demo", 10, 60, ingest);
    const shows = await reported.report();
    assert.equal(shows[0]?.peak, 15);
    assert.ok(Math.abs(Number(shows[0]?.seconds) - (10 * 120 + 4 * 60 + 120)) <= 105);
    await reported.reporter.close();
  });
});

Deno.test("who is still there once nothing of a show is served does not count for it", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const ingest = reported.house.publish("demo", "rtmp");
    reported.listeners.count = () => 10;
    reported.house.play(60, ingest);
    ingest.end("finished");
    reported.house.clock.advanceSync(600_000);
    // The house serves the rest for 12 s.
    assertHeard(await reported.report(), 10, 72);
    await reported.reporter.close();
  });
});

Deno.test("shows at the same time are counted apart", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const { house } = reported;
    const quiet = house.publish("quiet", "rtmp");
    reported.listen("demo", 5, 60, house.publish("demo", "rtmp"), quiet);
    const shows = await reported.report();
    assert.deepEqual(shows.map(({ name }) => name), ["quiet", "demo"]);
    assert.deepEqual([shows[0]?.seconds, shows[0]?.peak], [0, 0]);
    await reported.reporter.close();
  });
});

Deno.test("a restart ends a show, and what was heard of it stays", async () => {
  await withFolder(async (folder) => {
    using first = new ReportedHouse(folder);
    first.listen("demo", 10, 600, first.house.publish("demo", "rtmp"));
    first.house.sessions.stop("shutdown", SERVER_REASON);
    await first.reporter.close();
    using second = new ReportedHouse(folder, START + 700_000);
    second.listen("demo", 10, 600, second.house.publish("demo", "rtmp"));
    const shows = await second.report();
    assert.deepEqual(shows.map(({ start, end }) => [start, end]), [
      [START, START + 600_000],
      [START + 700_000, null],
    ]);
    for (const show of shows) assertHeard([show], 10, 600);
    await second.reporter.close();
  });
});

Deno.test("a process that dies costs some seconds of a show at most", async () => {
  await withFolder(async (folder) => {
    using first = new ReportedHouse(folder);
    const ingest = first.house.publish("demo", "rtmp");
    ingest.metadata({ title: "First", artist: undefined }, undefined);
    await first.report(); // by then it has looked for what was open before
    first.listen("demo", 10, 590, ingest);
    await first.report(); // and no write is under way
    first.listen("demo", 10, 10, ingest);
    await saved(folder, START + 595_000);
    first.listen("demo", 10, 4, ingest);
    using second = new ReportedHouse(folder, START + 700_000);
    const shows = await second.report();
    assert.equal(shows.length, 1);
    assert.ok(Math.abs(Number(shows[0]?.end) - (START + 600_000)) <= 5000);
    assertHeard(shows, 10, 595);
    assert.deepEqual(shows[0]?.titles.map(({ title }) => title), ["First"]);
    // What was open is written once.
    second.house.clock.advanceSync(10_000);
    await until("nothing is under way", async () => {
      return (await Array.fromAsync(Deno.readDir(folder))).every(({ name }) =>
        name !== "open.jsonl"
      );
    });
    assert.deepEqual(await second.report(), shows);
    await second.reporter.close();
  });
});

Deno.test("a show over midnight is reported for each day as long as it was heard on it", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const { clock, events } = reported.house;
    const midnight = Date.UTC(2026, 10, 24);
    const facts = { id: 5, name: "day", protocol: "rtmp", props: { dj: "anna" } } as const;
    reported.listeners.count = () => 3;
    events.emit(sessionEvent(facts, "create", clock.now(), { address: "" }));
    clock.advanceSync(midnight - START + 2 * 3_600_000);
    const metadata = { title: "Late", artist: null };
    events.emit(sessionEvent(facts, "metadata", clock.now(), metadata));
    clock.advanceSync(1_800_000);
    const day = (fromMs: number, toMs: number) => reported.reporter.report({ fromMs, toMs });
    const [before] = await day(START, midnight);
    const [after] = await day(midnight, midnight + 86_400_000);
    const [hour] = await day(midnight + 3_600_000, midnight + 7_200_000);
    assert.deepEqual([before?.end, after?.end, after?.dj], [null, null, "anna"]);
    assert.deepEqual(
      [before, after, hour].map((show) => Math.round(Number(show?.seconds))),
      [3 * 14_400, 3 * 9000, 3 * 3600],
    );
    assert.deepEqual([before?.titles.length, after?.titles.length], [0, 1]);
    events.emit(sessionEvent(facts, "release", clock.now(), { reason: SERVER_REASON }));
    const [ended] = await day(START, midnight);
    assert.equal(ended?.end, clock.now());
    assert.equal(ended?.seconds, before?.seconds);
    await reported.reporter.close();
  });
});

Deno.test("a process that stood still was not listened to meanwhile", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const ingest = reported.house.publish("demo", "rtmp");
    reported.listen("demo", 10, 60, ingest);
    reported.house.clock.standStill(600_000);
    reported.listen("demo", 10, 60, ingest);
    assertHeard(await reported.report(), 10, 120);
    await reported.reporter.close();
  });
});

Deno.test("a clock that is set takes nothing from what was heard, and adds nothing", async () => {
  for (const change of [3_600_000, -3_600_000]) {
    await withFolder(async (folder) => {
      using reported = new ReportedHouse(folder);
      const ingest = reported.house.publish("demo", "rtmp");
      reported.listen("demo", 10, 1200, ingest);
      reported.house.clock.setWall(reported.house.clock.now() + change);
      reported.listen("demo", 10, 600, ingest);
      const range = { fromMs: 0, toMs: START + 86_400_000 };
      assertHeard(await reported.reporter.report(range), 10, 1800);
      await reported.reporter.close();
    });
  }
});

Deno.test("an encoder that tells titles without end has some of them in the report", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    const { clock, events } = reported.house;
    const facts = { id: 5, name: "mad", protocol: "rtmp", props: {} } as const;
    events.emit(sessionEvent(facts, "create", clock.now(), { address: "" }));
    for (let i = 0; i < MAX_TITLES_A_DAY + 5; i++) {
      const metadata = { title: `${i}`, artist: null };
      events.emit(sessionEvent(facts, "metadata", clock.now(), metadata));
    }
    const [show] = await reported.report();
    assert.equal(show?.titles.length, MAX_TITLES_A_DAY);
    assert.equal(reported.reporter.lost, 5);
    await reported.reporter.close();
  });
});

Deno.test("where listeners are not counted, a report does not say that there were none", async () => {
  await withFolder(async (folder) => {
    using reported = new ReportedHouse(folder);
    await reported.reporter.close();
    const { clock, events } = reported.house;
    const reporter = new Reporter({ clock, events, countListeners: undefined, folder });
    reported.house.play(2, reported.house.publish("demo", "rtmp"));
    const [show] = await reporter.report({ fromMs: 0, toMs: clock.now() + 1 });
    assert.deepEqual([show?.name, show?.seconds, show?.peak], ["demo", null, null]);
    await reporter.close();
  });
});
