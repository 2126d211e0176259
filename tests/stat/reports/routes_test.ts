/** Reports over HTTP: who gets them, which range, and how they are written. */
import assert from "node:assert/strict";
import { type ReportedShow, type ReportRange } from "../../../src/stat/reports/report.ts";
import { ReportTooLarge } from "../../../src/stat/reports/report.ts";
import { reportRoutes } from "../../../src/stat/reports/routes.ts";
import { OperatorEntrance } from "../../../src/stat/operator/operator_entrance.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

const START = Date.UTC(2026, 10, 23, 20);
const TOKEN = "letmein";

const SHOW: ReportedShow = {
  id: 5,
  name: "morning",
  dj: "anna",
  protocol: "rtmp",
  start: START,
  end: START + 3_600_000,
  seconds: 5400.4,
  peak: 40,
  titles: [
    {
      ...{ kind: "title", show: 5, at: START + 1500, title: '=HYPERLINK("http://x.example")' },
      ...{ artist: "Bänd, the", listeners: 12 },
    },
    { kind: "title", show: 5, at: START + 9000, title: null, artist: null, listeners: 13 },
  ],
};
const LIVE: ReportedShow = {
  ...SHOW,
  ...{ id: 6, name: "-day", dj: null, end: null, seconds: null, peak: null, titles: [] },
};

/** The routes, and the ranges that were asked for. */
function routes(report: () => Promise<ReportedShow[]> = () => Promise.resolve([SHOW, LIVE])) {
  const clock = new FakeClock(START);
  const ranges: ReportRange[] = [];
  const { guard } = new OperatorEntrance({ token: TOKEN, clock });
  const reporter = {
    report(range: ReportRange) {
      ranges.push(range);
      return report();
    },
  };
  const app = reportRoutes({ reporter, clock, guard });
  const get = (query: string, headers: Record<string, string> = {}) => {
    const authorization = { Authorization: `Bearer ${TOKEN}` };
    return app.request(`/stat/1/reports${query}`, { headers: { ...authorization, ...headers } });
  };
  return { app, get, ranges };
}

/** The range that a query asks for, in hours before and after {@link START}. */
async function rangeOf(query: string): Promise<number[]> {
  const { get, ranges } = routes();
  const response = await get(query);
  assert.equal(response.status, 200, await response.text());
  return ranges.flatMap(({ fromMs, toMs }) => [fromMs, toMs].map((ms) => (ms - START) / 3_600_000));
}

async function refusalOf(query: string): Promise<string> {
  const { get, ranges } = routes();
  const response = await get(query);
  const { code, message } = await response.json();
  assert.deepEqual([response.status, code, ranges], [400, 400, []]);
  return message;
}

Deno.test("reports are for operators alone", async () => {
  const { app, ranges } = routes();
  assert.equal((await app.request("/stat/1/reports")).status, 401);
  assert.deepEqual(ranges, []);
});

Deno.test("a report is JSON: shows with their titles, and what was heard in all", async () => {
  const response = await routes().get("?from=2026-11-23&to=2026-11-23");
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.deepEqual(await response.json(), {
    from: "2026-11-23T00:00:00.000Z",
    to: "2026-11-24T00:00:00.000Z",
    listener_seconds: 5400,
    listener_hours: 1.5001,
    shows: [
      {
        ...{ id: 5, name: "morning", dj: "anna", protocol: "rtmp" },
        ...{ start: "2026-11-23T20:00:00.000Z", end: "2026-11-23T21:00:00.000Z" },
        ...{ listener_seconds: 5400, listener_hours: 1.5001, peak_listeners: 40 },
        titles: [
          {
            ...{ time: "2026-11-23T20:00:01.500Z", title: '=HYPERLINK("http://x.example")' },
            ...{ artist: "Bänd, the", listeners: 12 },
          },
          { time: "2026-11-23T20:00:09.000Z", title: null, artist: null, listeners: 13 },
        ],
      },
      {
        ...{ id: 6, name: "-day", dj: null, protocol: "rtmp" },
        ...{ start: "2026-11-23T20:00:00.000Z", end: null },
        ...{ listener_seconds: null, listener_hours: null, peak_listeners: null, titles: [] },
      },
    ],
  });
  const nothing = await routes(() => Promise.resolve([])).get("");
  const { listener_seconds, shows } = await nothing.json();
  assert.deepEqual([listener_seconds, shows], [0, []]);
});

Deno.test("a table of shows is CSV that calculates nothing", async () => {
  const { get } = routes();
  const response = await get("?format=csv");
  assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8");
  assert.match(response.headers.get("content-disposition") ?? "", /filename="echo-shows\.csv"/);
  const expected = [
    "id,name,dj,protocol,start,end,listener_seconds,listener_hours,peak_listeners,titles",
    "5,morning,anna,rtmp,2026-11-23T20:00:00.000Z,2026-11-23T21:00:00.000Z,5400,1.5001,40,2",
    "6,'-day,,rtmp,2026-11-23T20:00:00.000Z,,,,,0",
  ].map((row) => `${row}\r\n`).join("");
  assert.equal(await textOf(response), `\ufeff${expected}`);
  assert.equal(await textOf(await get("", { Accept: "text/csv" })), `\ufeff${expected}`);
});

Deno.test("a table of titles has a row for each, quoted where it has to be", async () => {
  const response = await routes().get("?format=csv&view=titles");
  assert.match(response.headers.get("content-disposition") ?? "", /filename="echo-titles\.csv"/);
  const quoted = `"'=HYPERLINK(""http://x.example"")"`;
  const expected = [
    "time,title,artist,listeners,show,name,dj",
    `2026-11-23T20:00:01.500Z,${quoted},"Bänd, the",12,5,morning,anna`,
  ].map((row) => `${row}\r\n`).join("");
  assert.equal(await textOf(response), `\ufeff${expected}`);
});

Deno.test("what is asked for counts more than what the client accepts", async () => {
  const response = await routes().get("?format=json", { Accept: "text/csv" });
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("vary"), "Accept");
  await response.body?.cancel();
});

Deno.test("a range is of times or of days, of which the last one counts whole", async () => {
  assert.deepEqual(await rangeOf(""), [-720, 0]);
  assert.deepEqual(await rangeOf("?from=2026-11-23"), [-20, 0]);
  assert.deepEqual(await rangeOf("?to=2026-11-23"), [4 - 720, 4]);
  assert.deepEqual(await rangeOf("?from=2026-11-23&to=2026-11-24"), [-20, 28]);
  const times = "?from=2026-11-23T20:00:00Z&to=2026-11-23t21:30:00.000z";
  assert.deepEqual(await rangeOf(times), [0, 1.5]);
  // Who forgets to write %2B sends a space.
  for (const plus of ["%2B", "+"]) {
    assert.deepEqual(await rangeOf(`?from=2026-11-23T20:00:00${plus}01:00`), [-1, 0]);
  }
  assert.deepEqual(await rangeOf("?from=2026-11-23&to=2026-11-23T15:00:00-05:00"), [-20, 0]);
});

Deno.test("a range that cannot be is refused, with what is expected", async () => {
  for (
    const text of [
      ...["yesterday", "2026-13-01", "2026-02-30", "2026-2-3", "1795464000", "2026-11-23T20:00"],
      ...["2026-11-23T25:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T20:00:00", "", "0000-00-00"],
      ...["1950-01-01", "2026-11-23T20:00:00+99:00", "2026-11-23 20:00:00Z"],
    ]
  ) {
    const message = await refusalOf(`?from=${encodeURIComponent(text)}`);
    assert.match(message, /^from is a time such as .* or a day such as .*, not "/, text);
    assert.ok(message.includes(JSON.stringify(text)), message);
  }
  assert.match(await refusalOf("?to=x"), /^to is a time/);
  assert.equal(await refusalOf("?from=2026-11-24&to=2026-11-23"), "from is not before to");
  assert.equal(await refusalOf("?from=2026-12-24"), "from is not before to");
  assert.equal(await refusalOf("?format=xml"), 'format is json or csv, not "xml"');
  assert.equal(await refusalOf("?format=csv&view=x"), 'view is shows or titles, not "x"');
  assert.match(await refusalOf("?view=titles"), /^view=titles is for format=csv/);
});

Deno.test("a range with too much in it is refused, and nothing is left out", async () => {
  const { get } = routes(() => Promise.reject(new ReportTooLarge("ask for a shorter one")));
  const response = await get("");
  assert.deepEqual([response.status, await response.json()], [
    400,
    { code: 400, message: "ask for a shorter one" },
  ]);
});

/** With the mark of its encoding, which `text` takes away. */
async function textOf(response: Response): Promise<string> {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await response.arrayBuffer());
}
