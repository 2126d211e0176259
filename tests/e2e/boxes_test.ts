/** Several servers with one key: whichever is asked, the one that has the session answers. */
import assert from "node:assert/strict";
import { Child } from "../../testing/child.ts";
import { freePort } from "../../testing/free_ports.ts";
import { until } from "../../testing/until.ts";
import { ask, reason, reserve, stateOf } from "../../testing/e2e/control_request.ts";
import { runEcho } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

const SHARED = { ECHO_PRIV_KEY: "0123456789abcdefghijklmnopqrstuv" };
const ONLY_SRT = {
  HLS_ENABLED: "0",
  RECORD_ENABLED: "0",
  RTMP_ENABLED: "0",
  STAT_WEB_ENABLED: "0",
};
const NOT_FOUND = { status: 404, body: { code: 404, message: "session not found" } };

scenario("any box answers for the box that has the session, while that is there", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const port = freePort("0.0.0.0");
  await using one = await Box.start({ host: "127.0.0.1", port });
  await using two = await Box.start({ host: "127.0.0.2", port });
  const { srtPort, cookie: headers } = await reserve(two.address, "demo", { protocol: "srt" });
  const stateAt = ({ address }: Box) => ask(address, { method: "GET", path: "state", headers });
  const put = ({ address }: Box, path: string, body: unknown) =>
    ask(address, { method: "PUT", path, body, headers });

  await t.step("what is asked, and what is wrong with it, are answered the same", async () => {
    await using encoder = new Encoder(clip, `srt://${two.host}:${srtPort}`);
    await until("it is on air", () => two.run.lines.some((line) => / on air by srt/.test(line)));
    for (const box of [one, two]) {
      assert.deepEqual(await stateAt(box), stateOf("demo", "publishing"));
      assert.deepEqual(await put(box, "pause", {}), {
        status: 400,
        body: {
          code: 400,
          message: "Cannot parse reason: expected an object with code and message, got nothing",
        },
      });
    }
    const torn = { status: 200, body: { teardown: { name: "demo" } } };
    assert.deepEqual(await put(one, "teardown", reason(3, "good night")), torn);
    await encoder.end();
    await two.run.line(/ demo#\d+ over: good night \(3\)$/);
    for (const box of [one, two]) {
      assert.deepEqual(await stateAt(box), NOT_FOUND);
      assert.deepEqual(await put(box, "teardown", reason(3, "good night")), torn);
    }
    assert.ok(!/\bdemo#/.test(one.run.output));
  });

  await two.run.stop("SIGTERM");
  await t.step("a box that is gone is a clear error", async () => {
    const message = "the server that has the session does not answer";
    const gone = { status: 503, body: { code: 503, message } };
    assert.deepEqual(await stateAt(one), gone);
    assert.deepEqual(await put(one, "teardown", reason(3, "good night")), gone);
    await until("both are logged", () => {
      return one.run.lines.filter((line) => /Cannot forward/.test(line)).length === 2;
    });
  });

  await t.step("a box that does not know itself by the cookie's address asks nobody", async () => {
    await using other = await Box.start({ host: "127.0.0.2", port, privateIp: "127.0.0.9" });
    assert.deepEqual(await stateAt(one), NOT_FOUND);
    assert.deepEqual(await stateAt(other), NOT_FOUND);
    assert.ok(!/Cannot forward/.test(other.run.output));
  });
});

interface BoxOptions {
  readonly host: string;
  /** Of the control API, and of the shared SRT listener. */
  readonly port: number;
  /** By which it knows itself; `host` by default. */
  readonly privateIp?: string;
}

/** One of several servers that share the cookies' key; takes SRT only. */
class Box implements AsyncDisposable {
  readonly host: string;
  readonly address: string;
  readonly run: Child;
  readonly #folder: string;

  private constructor({ host, port, privateIp = host }: BoxOptions, folder: string) {
    this.host = host;
    this.address = `${host}:${port}`;
    this.#folder = folder;
    const addresses = {
      ECHO_ADDR: this.address,
      ECHO_SRT_ADDR: this.address,
      ECHO_SRT_PRIV_IP: privateIp,
    };
    this.run = runEcho([], { env: { ...SHARED, ...ONLY_SRT, ...addresses }, cwd: folder });
  }

  static async start(options: BoxOptions): Promise<Box> {
    await using stack = new AsyncDisposableStack();
    const box = stack.use(new Box(options, await Deno.makeTempDir({ prefix: "echo-e2e-" })));
    await box.run.line(/ control API listens on /);
    stack.move();
    return box;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.run.running) await this.run.stop("SIGTERM");
    await Deno.remove(this.#folder, { recursive: true });
    assert.doesNotMatch(this.run.output, /Z (ERROR|FATAL) /);
  }
}
