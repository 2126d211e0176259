/** The events and statistics of an evening, on a clock that is moved by hand. */
import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { logCounts, logSessionEvent } from "../../../src/stat/statistics/event_log.ts";
import type { SessionInfo } from "../../../src/stat/statistics/session_info.ts";
import { House, START } from "../../../testing/stat/house.ts";

/** Frames of silence in the place of those that were lost, and of the five seconds after them. */
const AWAY = 156;

/** What goes to the event log while `work` is done, with the category in front. */
async function eventLog(work: () => void): Promise<string[]> {
  const lines: string[] = [];
  const sink = ({ category, level, message }: LogRecord) => {
    lines.push(`${level} ${category.join("::")} ${message.join("")}`);
  };
  await configure({
    reset: true,
    sinks: { sink },
    loggers: [
      { category: ["echo_stat"], sinks: ["sink"], lowestLevel: "trace" },
      { category: ["logtape", "meta"], lowestLevel: "fatal" },
    ],
  });
  work();
  await reset();
  return lines;
}

Deno.test("the events of an evening are told in order, each with its facts", async () => {
  const lines = await eventLog(() => {
    using house = new House(logSessionEvent);
    const stop = logCounts(house.clock, () => house.statistics.count);
    house.sessions.reserve({ name: "nobody", protocol: "srt", address: "192.0.2.9", props: {} });
    const radio = house.publish("radio", "srt");
    house.play(10, radio);
    const talk = house.publish("talk", "rtmp");
    house.play(10, radio, talk);
    radio.bad(2);
    radio.dropped(3);
    radio.lost(4);
    radio.end("lost");
    house.play(5, talk);
    const back = house.publish("radio", "srt");
    house.play(20, back, talk);
    talk.end("finished");
    house.play(16, back);
    // The DJ's encoder crashes, and nobody ever comes back.
    back.end("lost");
    const jingle = house.publish("jingle", "rtmp");
    house.play(0.032, jingle);
    jingle.end("finished");
    house.play(70);
    stop();
  });

  const time = (seconds: number) => new Date(START + seconds * 1000).toISOString();
  const quality = (total: number, drop = 0, bad = 0, filler = 0) => {
    return { total_count: total, drop_count: drop, bad_count: bad, filler_count: filler };
  };
  const nothing = {
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
  const onAir = (name: string, from: number) => ({
    hls_ready_time: time(from + 6),
    hls_path: `hls/${name}/playlist.m3u8`,
    record_start_time: time(from + 1),
    record_path: `record/${name}.part`,
  });
  const line = (n: number, event: string, info: SessionInfo) =>
    `info echo_stat::session {"session_id":${START + n},"session_event":"${event}",` +
    `"session_info":${JSON.stringify(info)}}`;
  const count = (input: string, output: string, total: number) =>
    `info echo_stat::logger {"session_count":{"total":${total},"input":${input},"output":${output}}}`;

  const radio = { name: "radio", protocol: "srt" as const, ingest_start_time: time(0), ...nothing };
  const talk = { name: "talk", protocol: "rtmp" as const, ingest_start_time: time(10), ...nothing };
  const jingle = { ...talk, name: "jingle", ingest_start_time: time(61) };
  assert.deepEqual(lines, [
    line(1, "created", radio),
    line(2, "created", talk),
    line(1, "report", { ...radio, ...onAir("radio", 0), ingest_quality: quality(626, 3, 2, 4) }),
    line(2, "report", { ...talk, ...onAir("talk", 10), ingest_quality: quality(1095) }),
    line(2, "destroyed", {
      ...talk,
      ...onAir("talk", 10),
      ingest_end_time: time(45),
      hls_end_time: time(57),
      record_complete_time: time(45.25),
      record_path: "record/talk.mp4",
      ingest_quality: quality(1095),
    }),
    count(
      '{"total":1,"srt":1,"rtmp":0,"icecast":0}',
      '{"total":2,"hls":1,"record":1}',
      3,
    ),
    line(1, "report", {
      ...radio,
      ...onAir("radio", 0),
      ingest_quality: quality(1751, 3, 2, AWAY),
    }),
    line(3, "created", jingle),
    line(3, "report", { ...jingle, ingest_quality: quality(1) }),
    line(3, "destroyed", {
      ...jingle,
      ingest_end_time: time(61.032),
      hls_end_time: time(73.032),
      record_start_time: time(62),
      record_complete_time: time(62.25),
      record_path: "record/jingle.mp4",
      ingest_quality: quality(1),
    }),
    line(1, "destroyed", {
      ...radio,
      ...onAir("radio", 0),
      ingest_end_time: time(91),
      hls_end_time: time(103),
      record_complete_time: time(91.25),
      record_path: "record/radio.mp4",
      ingest_quality: quality(1751, 3, 2, AWAY),
    }),
    count('{"total":0,"srt":0,"rtmp":0,"icecast":0}', '{"total":0,"hls":0,"record":0}', 0),
  ]);
});
