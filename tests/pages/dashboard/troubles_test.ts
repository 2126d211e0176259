/** What the dashboard calls trouble, in which words and in which order. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import {
  keysOf,
  NOT_CONNECTED,
  rankOf,
  sentenceOf,
  tabTitle,
  troubleOf,
  troublesOf,
} from "../../../src/pages/dashboard/troubles.js";

const NOW = Date.UTC(2026, 10, 23, 20);

type Judged = Parameters<typeof troubleOf>[0];
type Seen = Parameters<typeof troublesOf>[0];

function session(name: string, change: Partial<Judged> = {}): Judged {
  return {
    ...{ id: name.length, name, state: "publishing", protocol: "rtmp", address: "192.0.2.1" },
    ...{ silent: 20, since: null, why: null, lost: 0, unread: 0, too_fast: 0 },
    ...{ level: -20, dead_air: null, fallback: null, ...change },
  };
}

const paused = (name: string, why: string | null = null) =>
  session(name, { state: "paused", address: null, since: NOW - 1000, why });

const waiting = (change: Partial<Judged>) =>
  session("demo", { state: "ready", address: null, since: NOW - 60_000, silent: null, ...change });

function seen(change: Partial<Seen> = {}): Seen {
  const disks = { hls: { free: 50, size: 100 }, record: null };
  return { at: NOW, sessions: [session("demo")], problems: [], disks, history: {}, ...change };
}

/** What the band tells, each as its alert and a sentence. */
function band(change: Partial<Seen>): string[] {
  return troublesOf(seen(change)).map((it) => `${it.alert}: ${sentenceOf(it)}`);
}

Deno.test("where all is well nothing is told", () => {
  assert.deepEqual(band({}), []);
  assert.deepEqual(band({ sessions: [] }), []);
  assert.equal(tabTitle([], "box.example"), "Echo – box.example");
});

Deno.test("a paused broadcast is told of with what its DJ said, or that he is gone", () => {
  assert.deepEqual(band({ sessions: [paused("a"), paused("bb", "the phone rings")] }), [
    "EchoPaused: a has lost its DJ: the connection is gone",
    "EchoPaused: bb has lost its DJ: the phone rings",
  ]);
});

Deno.test("a broadcast whose fallback is heard is told of with why, instead of that it is paused", () => {
  const gone = { ...paused("a", "the phone rings"), fallback: "gone" as const };
  assert.deepEqual(
    band({
      sessions: [
        gone,
        session("bb", { fallback: "gone" }),
        session("ccc", { fallback: "dead-air" }),
        paused("dddd"),
      ],
    }),
    [
      "EchoPaused: dddd has lost its DJ: the connection is gone",
      "EchoFallback: a plays its fallback: it has lost its DJ, the phone rings",
      "EchoFallback: bb plays its fallback: its DJ is back and not heard yet",
      "EchoFallback: ccc plays its fallback: its DJ is silent",
    ],
  );
  assert.deepEqual(band({ sessions: [session("a", { fallback: "gone", silent: 9000 })] }), [
    "EchoFallback: a plays its fallback: its DJ has sent nothing for 0:09",
  ]);
  for (const fallback of ["gone", "dead-air"] as const) {
    const silent = session("a", { fallback, dead_air: 75_000, level: -60 });
    assert.deepEqual(band({ sessions: [silent] }), [
      "EchoFallback: a plays its fallback: its DJ has had no sound for 1:15",
    ]);
  }
});

Deno.test("a session that waits is told of with why, and not before an encoder had time to come", () => {
  const told = (change: Partial<Judged>) => troubleOf(waiting(change), NOW)?.text;
  assert.equal(told({ since: NOW - 9000 }), undefined);
  assert.equal(told({}), "waits for its audio: no encoder is connected");
  assert.equal(
    told({ address: "192.0.2.7" }),
    "waits for its audio: 192.0.2.7 is connected and sends no audio",
  );
  assert.equal(
    told({ since: NOW, why: "no audio within 10 s, but video" }),
    "waits for its audio: no audio within 10 s, but video",
  );
});

Deno.test("a broadcast without sound is told of with its level, before what it loses", () => {
  const told = (level: number) => band({ sessions: [session("a", { dead_air: 65_000, level })] });
  assert.deepEqual(told(-61.7), [
    "EchoDeadAir: a has had no sound for 1:05: its level (estimate) is −62 dB",
  ]);
  assert.deepEqual(told(-100), [
    "EchoDeadAir: a has had no sound for 1:05: its level (estimate) is −∞ dB",
  ]);
  const sessions = Array.from({ length: 4 }, (_, i) => session(`s${i}`, { dead_air: 1, lost: 9 }));
  const troubles = troublesOf(seen({ sessions }));
  assert.match(troubles.map(sentenceOf).join(), /^4 broadcasts have no sound: s0, s1, s2, s3$/);
  const paused = session("demo", { state: "paused", dead_air: null });
  const rank = (one: Judged) => rankOf(troubleOf(one, NOW));
  assert.ok(rank(paused) < rank(session("demo", { dead_air: 1 })));
  assert.ok(rank(session("demo", { dead_air: 1 })) < rank(session("demo", { lost: 9 })));
});

Deno.test("losses are told of above a threshold, each protocol with its own alert", () => {
  const lost = (protocol: string, lost: number | null) =>
    troubleOf(session("demo", { protocol, lost }), NOW)?.alert;
  assert.deepEqual([lost("rtmp", null), lost("rtmp", 1), lost("srt", 1)], [
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual([lost("rtmp", 1.1), lost("srt", 1.1)], ["EchoInputLoss", "EchoSrtLoss"]);
  assert.equal(troubleOf(session("demo", { unread: 0.2 }), NOW)?.alert, "EchoInputBad");
});

Deno.test("an encoder that sends too fast is told of as that, and not as a network that loses", () => {
  const fast = (name: string) => session(name, { protocol: "srt", lost: 40.5, too_fast: 1 });
  assert.deepEqual(band({ sessions: [fast("a")] }), [
    "EchoInputLoss: a sends faster than real time: 40.5 % of it is not heard",
  ]);
});

Deno.test("late segments and a late event loop are told of for a minute", () => {
  const late = { lateness: [0, 620, ...Array(11).fill(0)], lag: [300] };
  assert.deepEqual(band({ history: late }), [
    "EchoSegmentsLate: Segments are 0.6 s late; players may run out of audio",
    "EchoEventLoopLag: The event loop is 0.3 s late; the processor is too busy",
  ]);
  assert.deepEqual(band({ history: { lateness: [...late.lateness, 0], lag: [200] } }), []);
});

Deno.test("a disk that two folders are on is told of once", () => {
  const full = { free: 9, size: 100 };
  assert.deepEqual(band({ disks: { hls: full, record: full } }), [
    "EchoDiskNearlyFull: 9 % of the disk for hls and record is free",
  ]);
  const other = { free: 1, size: 100 };
  assert.equal(band({ disks: { hls: full, record: other } }).length, 2);
});

Deno.test("what is critical stands first, and what the server itself tells is", () => {
  const told = band({
    problems: ["The hook server does not take events"],
    sessions: [paused("demo")],
    history: { lateness: [900] },
  });
  assert.deepEqual(told.map((line) => line.split(":")[0]), [
    "EchoDegraded",
    "EchoSegmentsLate",
    "EchoPaused",
  ]);
});

Deno.test("a trouble that many have is one line, and still one alarm each", () => {
  const sessions = Array.from({ length: 8 }, (_, i) => ({ ...paused(`show-${i}`), id: i + 1 }));
  const [line, ...others] = troublesOf(seen({ sessions: sessions.toReversed() }));
  assert.deepEqual(others, []);
  assert.equal(
    line && sentenceOf(line),
    "8 broadcasts have lost their DJ: show-0, show-1, show-2, show-3, show-4 and 3 more",
  );
  assert.equal(new Set(keysOf(line ? [line] : [])).size, 8);
});

Deno.test("a trouble keeps its key while its figures change, so that it is no new one", () => {
  const keys = (lost: number, free: number) =>
    keysOf(troublesOf(seen({
      sessions: [session("demo", { lost })],
      disks: { hls: { free, size: 100 } },
      history: { lateness: [500 + lost] },
    })));
  assert.equal(keys(2, 9).length, 3);
  assert.deepEqual(keys(2, 9), keys(3, 5));
});

Deno.test("the title of the tab has how much is wrong, and the worst", () => {
  const troubles = troublesOf(seen({ sessions: [paused("demo")], history: { lag: [300] } }));
  assert.equal(
    tabTitle(troubles, "box"),
    "(2) The event loop is 0.3 s late; the processor is too busy – Echo – box",
  );
  assert.match(tabTitle([NOT_CONNECTED, ...troubles], "box"), /^\(3\) Echo does not answer – /);
});

Deno.test("rows are sorted by trouble: without a DJ, with a fallback, waiting, without sound, silent, losing, well", () => {
  const rank = (it: Judged) => rankOf(troubleOf(it, NOW));
  const sorted = [
    paused("demo"),
    session("demo", { fallback: "dead-air" }),
    waiting({}),
    session("demo", { dead_air: 20_000, silent: 3000 }),
    session("demo", { silent: 3000 }),
    session("demo", { lost: 5 }),
    session("demo", { lost: 5, protocol: "srt" }),
    session("demo", { unread: 1 }),
    session("demo"),
  ].map(rank);
  assert.deepEqual(sorted, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("every trouble has the name of an alert, which docs/operations.md has something to do for", async () => {
  const full = { free: 1, size: 100 };
  const troubles = [
    NOT_CONNECTED,
    ...troublesOf(seen({
      problems: ["the disk is full"],
      disks: { hls: full },
      history: { lateness: [900], lag: [900] },
      sessions: [
        paused("a"),
        waiting({}),
        session("ccc", { lost: 5 }),
        session("dddd", { lost: 5, protocol: "srt" }),
        session("eeeee", { unread: 1 }),
        session("ffffff", { fallback: "gone" }),
      ],
    })),
  ];
  const told = new Set(troubles.map(({ alert }) => alert));
  assert.equal(told.size, 11);
  const { groups: [{ rules }] } = parse(await Deno.readTextFile("scripts/prometheus-alerts.yml"));
  const operations = await Deno.readTextFile("docs/operations.md");
  for (const alert of told) {
    assert.ok(rules.some((rule: { alert: string }) => rule.alert === alert), alert);
    assert.ok(operations.includes(`| \`${alert}\``), alert);
  }
});
