/** A whole evening of shows: the event log, statistics and metrics tell the same story. */
import assert from "node:assert/strict";
import type { SessionInfo } from "../../src/stat/statistics/session_info.ts";
import { until } from "../../testing/until.ts";
import { ask, reason, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";
import { askStat, counts, NO_SESSION } from "../../testing/e2e/stat_request.ts";

const FLOOD = 40;

/** What varies from evening to evening. */
const TIME = "TIME";
const SOME = "SOME";

/** Of one session: what happened, and what the log tells of it with that. */
type Line = readonly [event: string, info: unknown];

const NOTHING = {
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

const QUALITY = { total_count: SOME, drop_count: SOME, bad_count: SOME, filler_count: SOME };

scenario("the event log of an evening, and what statistics say meanwhile", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 90 });
  await using log = await EventLog.create();
  await using server = await EchoServer.start({
    env: { LOG4RS_FILE: log.config, HLS_HOLD: "1", ECHO_SRT_LATENCY: "0.5" },
  });
  const control = `127.0.0.1:${server.controlPort}`;

  // Three DJs, by each of the ways in.
  const { srtPort, cookie } = await reserve(control, "radio", { protocol: "srt" });
  assert.deepEqual(await askStat(server, "/stat/1/sessions"), [200, []], "nothing has come yet");
  const radioUrl = `srt://127.0.0.1:${srtPort}`;
  await using radioDj = new Encoder(clip, radioUrl);
  const radio = await log.created("radio");
  await using talkDj = new Encoder(clip, server.rtmpUrl("live/talk"));
  const talk = await log.created("talk");
  await using _guestDj = new Encoder(clip, sharedUrl(server, "publish:guest"));
  const guest = await log.created("guest");
  const info = async (id: number) => {
    const [status, body] = await askStat(server, `/stat/1/sessions/${id}`);
    return status === 200 ? body as SessionInfo : undefined;
  };
  const heard = async (id: number) => {
    await until(`${id} can be heard and is recorded`, async () => {
      const { hls_ready_time, record_start_time } = await info(id) ?? {};
      return typeof hls_ready_time === "string" && typeof record_start_time === "string";
    });
  };
  for (const id of [radio, talk, guest]) await heard(id);
  assert.deepEqual(await askStat(server, "/stat/1/sessions"), [200, [radio, talk, guest]]);
  const count = counts({ srt: 2, rtmp: 1 }, 3, 3);
  assert.deepEqual(await askStat(server, "/stat/1/sessions/count"), [200, count]);
  assert.deepEqual(await askStat(server, "/stat/1/sessions/count/input"), [200, count.input]);
  assert.deepEqual(normalized(await info(radio)), onAir("radio", "srt"));

  // The first one has a pause, and is told to end when it is back; the second one's encoder crashes.
  const tell = (path: string, code: number) => {
    return ask(control, { method: "PUT", path, body: reason(code, path), headers: cookie });
  };
  const state = async () => (await ask(control, { method: "GET", path: "state", headers: cookie }));
  await tell("pause", 7);
  await radioDj.stop("SIGINT");
  await log.lines(radio, 2);
  assert.deepEqual(await state(), {
    status: 200,
    body: { state: { name: "radio", state: "paused" } },
  });
  assert.deepEqual(normalized(await info(radio)), {
    ...onAir("radio", "srt"),
    ingest_quality: QUALITY,
  });
  await talkDj.stop("SIGKILL");
  await tell("resume", 8);
  await using _radioDjAgain = new Encoder(clip, radioUrl);
  await until("the first is back", async () => {
    return JSON.stringify((await state()).body).includes("publishing");
  });
  await tell("teardown", 9);
  const over = await info(radio);
  assert.deepEqual(normalized(over), {
    ...(over?.record_complete_time === null ? onAir("radio", "srt") : recorded("radio", "srt")),
    ingest_end_time: TIME,
    hls_end_time: null,
    ingest_quality: QUALITY,
  });
  await log.lines(radio, 4);
  await log.lines(talk, 3);
  assert.deepEqual(await askStat(server, `/stat/1/sessions/${radio}`), NO_SESSION);
  assert.deepEqual(await askStat(server, "/stat/1/sessions"), [200, [guest]]);

  // The machine crashes; the third one goes on by RTMP, until the server is stopped.
  await server.stop("SIGKILL");
  await server.startAgain();
  await using _guestAgain = new Encoder(clip, server.rtmpUrl("live/guest"));
  const later = await log.created("guest", [guest]);
  assert.ok(later > guest, "an id came back");
  await heard(later);
  await flood(server.rtmpPort);
  const { code } = await server.stop("SIGTERM");
  assert.equal(code, 0);

  const created = (name: string, protocol: string): Line => {
    return ["created", { name, protocol, ingest_start_time: TIME, ...NOTHING }];
  };
  const report = (name: string, protocol: string): Line => {
    return ["report", { ...onAir(name, protocol), ingest_quality: QUALITY }];
  };
  const destroyed = (name: string, protocol: string): Line => {
    return ["destroyed", recorded(name, protocol)];
  };
  const sessions = await log.sessions();
  assert.deepEqual([...sessions.keys()], [radio, talk, guest, later]);
  assert.deepEqual([...sessions.values()], [
    [
      created("radio", "srt"),
      report("radio", "srt"),
      report("radio", "srt"),
      destroyed("radio", "srt"),
    ],
    [created("talk", "rtmp"), report("talk", "rtmp"), destroyed("talk", "rtmp")],
    [created("guest", "srt")],
    [created("guest", "rtmp"), report("guest", "rtmp"), destroyed("guest", "rtmp")],
  ]);

  const flooding = server.log.filter((line) => /::rtmp RTMP connection \S+ \S+ ended: /.test(line));
  const counted = flooding.map((line) => Number(/ … and (\d+) more like it$/.exec(line)?.[1] ?? 1));
  assert.equal(counted.reduce((sum, lines) => sum + lines), FLOOD, flooding.join("\n"));
  assert.ok(flooding.length < FLOOD);
});

/** What is told of a session that can be heard and is recorded. */
function onAir(name: string, protocol: string) {
  return {
    name,
    protocol,
    ingest_start_time: TIME,
    ...NOTHING,
    hls_ready_time: TIME,
    hls_path: `./output/hls/${name}/playlist.m3u8`,
    record_start_time: TIME,
    record_path: `./output/record/${name}.${TIME}.mp4.part`,
  };
}

/** What is told of one that is over. */
function recorded(name: string, protocol: string) {
  return {
    ...onAir(name, protocol),
    ingest_end_time: TIME,
    hls_end_time: TIME,
    record_complete_time: TIME,
    record_path: `./output/record/${name}.mp4`,
    ingest_quality: QUALITY,
  };
}

/** With what varies replaced; the order of fields stays. */
function normalized(info: unknown): unknown {
  const text = JSON.stringify(info, (key, value) => {
    return /^(total|drop|bad|filler)_count$/.test(key) && value >= 0 ? SOME : value;
  });
  return JSON.parse(
    text.replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, `"${TIME}"`).replace(
      /\.\d{8}T\d+Z\./g,
      `.${TIME}.`,
    ),
  );
}

/** What a server writes to the file of `echo_stat::session`. */
class EventLog implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<EventLog> {
    const folder = await Deno.makeTempDir({ prefix: "echo-log-" });
    const log = new EventLog(folder);
    await Deno.writeTextFile(
      log.config,
      `
appenders:
  console:
    kind: console
    target: stderr
    encoder: { pattern: "{d} {l} {t} {m}{n}" }
  events:
    kind: rolling_file
    path: ${folder}/events.log
    encoder: { pattern: "{m}{n}" }
    policy:
      trigger: { limit: 10mb }
      roller: { kind: fixed_window, base: 1, count: 3, pattern: "${folder}/events.{}.log" }
root: { level: info, appenders: [console] }
loggers:
  echo_stat::session: { level: info, appenders: [events], additive: false }
`,
    );
    return log;
  }

  /** The logging file. */
  get config(): string {
    return `${this.#folder}/log4rs.yml`;
  }

  /** Waits for a session of `name`. @returns its id */
  async created(name: string, others: readonly number[] = []): Promise<number> {
    return await until(`${name} is created`, async () => {
      for (const [id, [first]] of await this.sessions()) {
        const { name: found } = first?.[1] as { name: string };
        if (found === name && !others.includes(id)) return id;
      }
      return undefined;
    });
  }

  /** Waits for so many lines of a session. */
  async lines(id: number, count: number): Promise<void> {
    await until(`session ${id} has ${count} lines`, async () => {
      return (await this.sessions()).get(id)?.length === count;
    });
  }

  /** What was told so far of each session, in order. Every line has what it should, and no more. */
  async sessions(): Promise<Map<number, Line[]>> {
    const sessions = new Map<number, Line[]>();
    const text = await Deno.readTextFile(`${this.#folder}/events.log`);
    for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n").slice(0, -1)) {
      const { session_id, session_event, session_info, ...rest } = JSON.parse(line);
      assert.deepEqual(rest, {});
      assert.equal(line, JSON.stringify({ session_id, session_event, session_info }));
      const lines = sessions.get(session_id) ?? [];
      sessions.set(session_id, [...lines, [session_event, normalized(session_info)]]);
    }
    return sessions;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Clients that take the RTMP port for something else, until the last is gone. */
async function flood(port: number): Promise<void> {
  await Promise.all(Array.from({ length: FLOOD }, async () => {
    using client = await Deno.connect({ hostname: "127.0.0.1", port });
    await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    const buffer = new Uint8Array(1024);
    while (await client.read(buffer).catch(() => null) !== null);
  }));
}
