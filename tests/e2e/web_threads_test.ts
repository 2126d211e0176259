/** Listeners are served alike by however many threads, and notice nothing where one dies. */
import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { Station } from "../../src/station.ts";
import { freePorts } from "../../testing/free_ports.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { metricsOf } from "../../testing/e2e/stat_request.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";
import { RawHttp } from "../../testing/web/raw_http.ts";
import { StartedWorkers } from "../../testing/web/started_workers.ts";

const LOGGING = `
appenders:
  log: {kind: console, target: stderr, encoder: {pattern: "{d} {l} {t} {m}{n}"}}
root: {level: info, appenders: [log]}
loggers: {echo-hls-web: {level: info}}
`;
const ACCESS = / INFO echo-hls-web 127\.0\.0\.1 "(\w+ \S+)" (\d+) \d+\.\d "([^"]*)"$/;
const AGENT = "listener of the test";
const LISTENERS = 8;
/** Header fields whose values no two answers need have in common. */
const OTHERS = ["date", "etag"];
const PATIENCE_MS = 60_000;

scenario("listeners are served alike with 0, 1 and 2 threads", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 120 });
  const logging = await media.write("log4rs.yml", LOGGING);
  const [none, one, two] = await together(["0", "1", "2"], async (threads) => {
    const env = { HLS_WEB_THREADS: threads, HLS_WEB_INDEX: "1", LOG4RS_FILE: logging };
    await using server = await EchoServer.start({ env });
    assert.equal(await metric(server, "echo_http_threads"), Number(threads));
    await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
    const answers = await answersOf(server);
    await assertCounted(server);
    await assertLimited(server);
    return answers;
  });
  assert.deepEqual(one, none, "with 1 thread");
  assert.deepEqual(two, none, "with 2 threads");
});

/** All that is told of a show, without what differs from one show to another. */
async function answersOf(server: EchoServer): Promise<unknown[]> {
  const at = (path: string) => `http://127.0.0.1:${server.hlsPort}${path}`;
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const text = await until("there are as many segments as low latency needs", async () => {
    const response = await fetch(server.playlistUrl("demo"), { client });
    const text = await response.text();
    return (text.match(/\.ts$/gm)?.length ?? 0) >= 3 && text;
  });
  const [first = "", second = ""] = text.match(/^\S+\.ts$/gm)?.slice(-2) ?? [];
  const requests: [method: string, path: string, headers?: Record<string, string>][] = [
    ...["playlist.m3u8", "index.m3u8", first, second, "1-1.ts", "none.m3u8", "none"].flatMap(
      (file) =>
        ["GET", "HEAD", "OPTIONS", "POST"].map((method): [string, string] => {
          return [method, `/cast/demo/${file}`];
        }),
    ),
    ["GET", `/cast/demo/${first}`, { Range: "bytes=0-187" }],
    ["GET", `/cast/demo/${first}`, { Range: "bytes=188-", "If-Range": `"${first}"` }],
    ["GET", `/cast/demo/${second}`, { Range: "bytes=99999999-" }],
    ["GET", `/cast/demo/${second}`, { "If-None-Match": `"${second}"` }],
    ["GET", "/cast/demo/playlist.m3u8", { Origin: "https://player.example" }],
    ["GET", "/cast/demo/status.json"],
    ["GET", "/cast/other/status.json"],
    ["GET", "/cast/other/playlist.m3u8"],
    ["GET", "/cast/not.a.name/playlist.m3u8"],
    ["GET", "/cast/demo/"],
    ["GET", "/"],
    ["GET", "/index.json"],
    ["GET", "/prerole/none.ts"],
    ["DELETE", "/"],
  ];
  const answers: unknown[] = [];
  for (const [method, path, headers = {}] of requests) {
    const response = await fetch(at(path), { method, headers, client });
    const fields = [...response.headers].filter(([name]) => !OTHERS.includes(name));
    const shape = [response.status, ...fields].join("\n").replaceAll(/length,\d+/g, "length");
    const body = await response.text();
    const isJson = response.headers.get("content-type") === "application/json";
    answers.push([
      `${method} ${path.replace(first, "FIRST").replace(second, "SECOND")}`,
      shape.replaceAll(/bytes (\d+|\*)[-\d]*\/\d+/g, "bytes $1"),
      isJson
        ? body.replaceAll(/"(?:started_at|now)":"[^"]*"|"listeners":\d+/g, "")
        : body.length > 0,
    ]);
  }
  // There may be another version in between.
  answers.push(
    await until("a version is still the newest", async () => {
      const version = await fetch(server.playlistUrl("demo"), { client });
      await version.body?.cancel();
      const headers = { "If-None-Match": version.headers.get("etag") ?? "" };
      const again = await fetch(server.playlistUrl("demo"), { headers, client });
      await again.body?.cancel();
      return again.status === 304 && [...again.headers].filter(([name]) => !OTHERS.includes(name));
    }),
  );
  return answers;
}

/** Requests are in metrics and log, and who fetches segments is a listener. */
async function assertCounted(server: EchoServer): Promise<void> {
  using stack = new DisposableStack();
  const listeners = await together(Array.from({ length: LISTENERS }), async () => {
    return new Listener(stack.use(await RawHttp.connect(server.hlsPort)));
  });
  await until("all of them are counted", async () => {
    await together(listeners, (listener) => listener.look());
    return await metric(server, "echo_listeners") === LISTENERS;
  }, PATIENCE_MS);
  assert.equal(await metric(server, 'echo_name_listeners{name="demo"}'), LISTENERS);
  assert.ok(await metric(server, 'echo_http_connections{server="hls"}') >= LISTENERS);
  const asked = listeners.reduce((sum, { requests }) => sum + requests, 0);
  await until("all their requests are logged", () => {
    return server.log.filter((line) => ACCESS.exec(line)?.[3] === AGENT).length === asked;
  });
  await until("all requests are in the metrics", async () => {
    const logged = server.log.filter((line) => ACCESS.test(line)).length;
    const counts = (await metricsOf(server)).matchAll(
      /^echo_http_request_duration_seconds_count\{kind="(?:hls|playlist|segment)".*\} (\d+)$/gm,
    );
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0) === logged;
  });
  for (const { files } of listeners) assertWhole(files);
}

/** A limit that is reloaded counts over all threads. */
async function assertLimited(server: EchoServer): Promise<void> {
  await until("nobody is there", async () => {
    return await metric(server, 'echo_http_connections{server="hls"}') === 0;
  });
  await Deno.writeTextFile(`${server.folder}/echo.env`, "WEB_MAX_CONNECTIONS=3\n");
  server.kill("SIGHUP");
  await server.line(/the configuration is reread: WEB_MAX_CONNECTIONS is 3 /);
  using stack = new DisposableStack();
  const tries = await Promise.allSettled(Array.from({ length: 12 }, async () => {
    return await stack.use(await RawHttp.connect(server.hlsPort)).get("/cast/demo/playlist.m3u8");
  }));
  const served = tries.filter(({ status }) => status === "fulfilled").length;
  // Two threads may each let in the last one at the same moment.
  assert.ok(served >= 3 && served <= 4, `${served} of 12 are served`);
  const refused = await metric(server, 'echo_http_refused_total{server="hls",reason="full"}');
  assert.equal(refused, 12 - served);
}

scenario("where a thread dies in mid-show, listeners on the other lose nothing", async () => {
  await withFolder(async (folder) => {
    using workers = new StartedWorkers();
    await using log = await LogRecorder.start();
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 120 });
    const [hls = 0, rtmp = 0, stat = 0] = freePorts(3);
    const { config } = loadConfig({
      HLS_WEB_THREADS: "2",
      ECHO_ENABLED: "0",
      RECORD_ENABLED: "0",
      HLS_ROOT_DIR: `${folder}/hls`,
      HLS_WEB_ADDR: `127.0.0.1:${hls}`,
      RTMP_ADDR: `127.0.0.1:${rtmp}`,
      STAT_WEB_ADDR: `127.0.0.1:${stat}`,
      STAT_REPORT_DIR: `${folder}/reports`,
    });
    const station = await Station.start(config);
    await using _station = { [Symbol.asyncDispose]: () => station.stop() };
    await using _encoder = new Encoder(clip, `rtmp://127.0.0.1:${rtmp}/live/demo`);
    await until("it is on air", async () => {
      const { ok, body } = await fetch(`http://127.0.0.1:${hls}/cast/demo/playlist.m3u8`);
      await body?.cancel();
      return ok;
    });
    using stack = new DisposableStack();
    const connect = async () => new Listener(stack.use(await RawHttp.connect(hls)));
    const listeners = await together(Array.from({ length: 2 * LISTENERS }), connect);
    const serving = async () => {
      const text = await (await fetch(`http://127.0.0.1:${stat}/metrics`)).text();
      return Number(/^echo_http_threads (\d+)$/m.exec(text)?.[1]);
    };
    const ends = [
      { how: "in silence", end: (worker: Worker) => worker.terminate() },
      {
        how: "by an error",
        end: (worker: Worker) => {
          worker.dispatchEvent(new ErrorEvent("error", { message: "a bug", cancelable: true }));
        },
      },
    ];
    for (const [i, { how, end }] of ends.entries()) {
      await hear(listeners, 3);
      assert.deepEqual(workers.started.length, 2 + i);
      end(workers.started.at(-1) ?? assert.fail());
      await hear(listeners, 3);
      const left = listeners.filter(({ gone }) => !gone);
      assert.ok(left.length > 0 && left.length < listeners.length, `${left.length} are left`);
      for (const { files } of left) assertWhole(files);
      await until(`a thread that ended ${how} is replaced`, async () => {
        await hear(left, 1);
        return workers.started.length === 3 + i && await serving() === 2;
      }, PATIENCE_MS);
      for (const listener of listeners.filter(({ gone }) => gone)) {
        listeners.splice(listeners.indexOf(listener), 1, await connect());
      }
    }
    await hear(listeners, 3);
    for (const { gone, files } of listeners) {
      assert.equal(gone, false);
      assertWhole(files);
    }
    const metrics = await (await fetch(`http://127.0.0.1:${stat}/metrics`)).text();
    assert.match(metrics, /^echo_listener_restarts_total\{listener="hls"\} 2$/m);
    const [told = ""] = log.matching(/^error HLS over HTTP, thread 2 of 2, no longer listens on /);
    assert.match(told, /: its thread has given no sign of life for 15 s$/, log.lines.join("\n"));
  });
});

/** A player on one connection. */
class Listener {
  /** What it has heard, in one piece. */
  readonly files: string[] = [];
  requests = 0;
  /** Whether its connection has ended. */
  gone = false;
  readonly #http: RawHttp;

  constructor(http: RawHttp) {
    this.#http = http;
  }

  /** Fetches what is new. */
  async look(): Promise<void> {
    if (this.gone) return;
    try {
      const files: string[] = (await this.#get("playlist.m3u8")).match(/^\S+\.ts$/gm) ?? [];
      const at = files.indexOf(this.files.at(-1) ?? "");
      // Whoever is late because the machine has too much else to do begins anew.
      if (at < 0) this.files.length = 0;
      for (const file of this.files.length === 0 ? files.slice(-3) : files.slice(at + 1)) {
        await this.#get(file);
        this.files.push(file);
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      this.gone = true;
    }
  }

  async #get(file: string): Promise<string> {
    const { status, body } = await this.#http.send(
      "GET",
      `/cast/demo/${file}`,
      "",
      `User-Agent: ${AGENT}`,
    );
    this.requests++;
    assert.equal(status, 200, file);
    return new TextDecoder("latin1").decode(body);
  }
}

/** Lets those who are still there hear `segments` more. */
async function hear(listeners: readonly Listener[], segments: number): Promise<void> {
  const newest = () => Math.max(0, ...listeners.flatMap(({ files }) => numbersOf(files)));
  const from = newest();
  await until("segments are heard", async () => {
    await together(listeners, (listener) => listener.look());
    return newest() >= from + segments;
  }, PATIENCE_MS);
}

/** Each segment follows the one before. */
function assertWhole(files: readonly string[]): void {
  const numbers = numbersOf(files);
  assert.ok(
    numbers.every((number, i) => i === 0 || number === (numbers[i - 1] ?? 0) + 1),
    `${files}`,
  );
}

/** Media sequence numbers. */
function numbersOf(files: readonly string[]): number[] {
  return files.map((file) => Number(file.split("-")[0]));
}

async function metric(server: EchoServer, sample: string): Promise<number> {
  const line = (await metricsOf(server)).split("\n").find((line) => line.startsWith(`${sample} `));
  return Number(line?.slice(sample.length) ?? NaN);
}
