/** What lines come to in a range of time: shows, their listener seconds, and no more than is bounded. */
import assert from "node:assert/strict";
import {
  makeReport,
  MAX_REPORTED_SHOWS,
  MAX_REPORTED_TITLES,
  ReportTooLarge,
} from "../../../src/stat/reports/report.ts";
import type { ReportLine, ShowLine } from "../../../src/stat/reports/report_line.ts";

const DAY = Date.UTC(2026, 10, 23);
const HOUR_MS = 3_600_000;

/** A show as it is so many hours after the day's start; it begins at that start. */
function at(hours: number, heard: number, more: Partial<ShowLine> = {}): ShowLine {
  const facts = { name: "demo", dj: null, protocol: "rtmp", start: DAY, end: null };
  return { kind: "show", show: 1, at: DAY + hours * HOUR_MS, ...facts, heard, peak: 1, ...more };
}

async function* each(lines: Iterable<ReportLine>): AsyncGenerator<readonly ReportLine[]> {
  for (const line of lines) yield [line];
}

function report(
  from: number,
  to: number,
  lines: Iterable<ReportLine>,
  open: readonly ShowLine[] = [],
) {
  const range = { fromMs: DAY + from * HOUR_MS, toMs: DAY + to * HOUR_MS };
  return makeReport(range, each(lines), open);
}

Deno.test("of what was heard between two lines, the range has its part", async () => {
  const lines = [at(0, 0), at(2, 200, { peak: 5 }), at(4, 1000), at(5, 1000, { end: DAY + 5 })];
  const seconds = async (from: number, to: number) => (await report(from, to, lines))[0]?.seconds;
  assert.deepEqual(
    [await seconds(0, 5), await seconds(1, 2), await seconds(1, 3), await seconds(3, 9)],
    [1000, 100, 500, 400],
  );
  const [first] = await report(0, 2, lines);
  const [later] = await report(2, 3, lines);
  assert.deepEqual([first?.peak, later?.peak], [5, 1]);
});

Deno.test("a show that began on another day counts from the range's first line on", async () => {
  const early = { start: DAY - 5 * HOUR_MS };
  const [show] = await report(0, 2, [at(0, 500, early), at(1, 600, early), at(2, 800, early)]);
  assert.equal(show?.seconds, 300);
});

Deno.test("without its first line, a show still counts from its start", async () => {
  const [show] = await report(0, 4, [at(2, 200), at(4, 300)]);
  assert.deepEqual([show?.seconds, show?.start], [300, DAY]);
});

Deno.test("lines that were written twice count once", async () => {
  const title = { kind: "title", show: 1, at: DAY + 5, title: "x", artist: null } as const;
  const lines = [at(0, 0), { ...title, listeners: 1 }, at(1, 100)];
  const [show] = await report(0, 2, [...lines, ...lines, at(2, 150)]);
  assert.deepEqual([show?.seconds, show?.titles.length], [150, 1]);
});

Deno.test("the end of a show stays known where a line comes later that was kept for a crash", async () => {
  const end = DAY + 2 * HOUR_MS;
  const kept = at(1.9, 0, { end: DAY + 1.9 * HOUR_MS });
  const [show] = await report(0, 3, [at(0, 0), at(2, 0, { end }), kept]);
  assert.equal(show?.end, end);
});

Deno.test("a show that comes back to a box is counted anew there, and summed up", async () => {
  const again = { start: DAY + 3 * HOUR_MS };
  const lines = [
    ...[at(0, 0), at(1, 1000, { end: DAY + HOUR_MS })],
    ...[at(3, 0, again), at(4, 400, again), at(5, 500, { ...again, end: DAY + 5 * HOUR_MS })],
  ];
  const of = async (from: number, to: number, all = lines) => {
    const [show, ...others] = await report(from, to, all);
    assert.deepEqual(others, []);
    return [show?.seconds, show?.start, show?.end];
  };
  const [start, end] = [DAY, DAY + 5 * HOUR_MS];
  assert.deepEqual(await of(0, 6), [1500, start, end]);
  assert.deepEqual(await of(0, 6, [...lines, ...lines]), [1500, start, end], "once each");
  assert.deepEqual(await of(2, 4), [400, start, end]);
});

Deno.test("titles are there whose show is known by a later line alone", async () => {
  const title = { kind: "title", show: 1, title: "x", artist: null, listeners: 1 } as const;
  const titles = [{ ...title, at: DAY + 9 }, { ...title, at: DAY + 5 }, { ...title, at: DAY - 1 }];
  const [show, ...others] = await report(0, 2, [
    ...titles,
    { ...title, at: DAY, show: 9 },
    at(1, 1),
  ]);
  assert.deepEqual(show?.titles.map(({ at }) => at - DAY), [5, 9]);
  assert.deepEqual(others, []);
});

Deno.test("the end of a show is told, also where it is later than the range", async () => {
  const end = DAY + 30 * HOUR_MS;
  const lines = [at(0, 0), at(1, 10), at(26, 20), at(30, 30, { end })];
  assert.equal((await report(0, 1, lines))[0]?.end, end);
  // On air, by what is known now.
  assert.equal((await report(0, 1, lines.slice(0, 3), [at(31, 40)]))[0]?.end, null);
  // Nothing tells of its end.
  assert.equal((await report(0, 1, lines.slice(0, 3)))[0]?.end, DAY + 26 * HOUR_MS);
});

Deno.test("no more is read than the range and its ends need", async () => {
  let read = 0;
  const lines = function* () {
    for (let hour = 0; hour < 1000; hour++) {
      read++;
      yield at(hour, hour);
    }
  };
  await report(0, 1, lines(), [at(1000, 1000)]);
  assert.equal(read, 3);
});

Deno.test("shows outside of the range are left out", async () => {
  const over = { start: DAY, end: DAY + HOUR_MS };
  const later = { show: 2, start: DAY + 9 * HOUR_MS };
  const lines = [at(0, 0), at(1, 10, over), at(9, 0, later), at(10, 10, later)];
  assert.deepEqual(await report(2, 8, lines), []);
  assert.deepEqual((await report(0, 24, lines)).map(({ id }) => id), [1, 2]);
});

Deno.test("an answer is bounded, and a range that has more is refused", async () => {
  const shows = (count: number) => Array.from({ length: count }, (_, show) => at(1, 0, { show }));
  assert.equal((await report(0, 2, shows(MAX_REPORTED_SHOWS))).length, MAX_REPORTED_SHOWS);
  await assert.rejects(report(0, 2, shows(MAX_REPORTED_SHOWS + 1)), ReportTooLarge);
  const titles = function* (count: number): Generator<ReportLine> {
    yield at(0, 0);
    for (let i = 0; i < count; i++) {
      yield { kind: "title", show: 1, at: DAY + i, title: `${i}`, artist: null, listeners: 1 };
    }
  };
  const [show] = await report(0, 2, titles(MAX_REPORTED_TITLES));
  assert.equal(show?.titles.length, MAX_REPORTED_TITLES);
  await assert.rejects(report(0, 2, titles(MAX_REPORTED_TITLES + 1)), /ask for a shorter one/);
});
