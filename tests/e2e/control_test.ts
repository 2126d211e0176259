/** The control API over HTTP, to the letter of what clients of the first Echo expect. */
import assert from "node:assert/strict";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

const REASON = { reason: { code: 7, message: "as planned" } };
const SRT_MEDIA = { type: "audio", protocol: "srt", format: "mp2t" };
const RTMP_MEDIA = { type: "audio", protocol: "rtmp", format: "flv" };

/** What the server says, whole but for what is random. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly cookie: string;
}

/** A client of the control API that keeps its cookie. */
class Client {
  #cookie = "";

  constructor(readonly origin: string, readonly headers: Readonly<Record<string, string>> = {}) {}

  set cookie(cookie: string) {
    this.#cookie = cookie;
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = new Headers({ "Content-Type": "application/json", ...this.headers });
    if (this.#cookie !== "") headers.set("Cookie", this.#cookie);
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(this.origin + path, { method, headers, body: text ?? null });
    assert.match(response.headers.get("server") ?? "", /^Echo\/\d+\.\d+\.\d+$/);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
    const cookie = response.headers.getSetCookie()[0] ?? "";
    if (cookie !== "") this.#cookie = cookie.split(";")[0] ?? "";
    return { status: response.status, body: await response.json(), cookie };
  }
}

/** Checks what is random in the answer to a publish, and leaves it out. */
function published(answer: Answer, ports: { min: number; max: number }): unknown {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.match(answer.cookie, /^echo=[^;]+; .*HttpOnly/);
  assert.match(answer.cookie, /SameSite=Lax/);
  const { publish } = answer.body as {
    publish: { transports: { port: number }[]; rtmp: { name: string } };
  };
  assert.match(publish.rtmp.name, /^[0-9a-f]{32}$/);
  for (const transport of publish.transports) {
    assert.ok(transport.port >= ports.min && transport.port <= ports.max, `${transport.port}`);
    transport.port = 0;
  }
  publish.rtmp.name = "KEY";
  return publish;
}

function error(status: number, message: string): Pick<Answer, "status" | "body"> {
  return { status, body: { code: status, message } };
}

scenario("every call of the control API answers as it is written, to the letter", async (t) => {
  const ports = { min: 41_000, max: 42_000 };
  await using server = await EchoServer.start({
    env: { ECHO_SRT_MIN_PORT: `${ports.min}`, ECHO_SRT_MAX_PORT: `${ports.max}` },
  });
  const origin = `http://127.0.0.1:${server.controlPort}`;
  const rtmp = { url: `rtmp://127.0.0.1:${server.rtmpPort}/demo`, name: "KEY" };
  const client = new Client(origin);
  const answers = async (expected: unknown, method: string, path: string, body?: unknown) => {
    const { status, body: answer } = await client.ask(method, path, body);
    assert.deepEqual({ status, body: answer }, expected, `${method} ${path}`);
  };
  const ok = (body: unknown) => ({ status: 200, body });

  await t.step("option", async () => {
    const formats = ["aac", "mp3"];
    const options = { versions: [1, 2, 3, 4], protocols: ["srt", "rtmp"], formats };
    await answers(ok(options), "GET", "/echo/option");
  });

  await t.step("publish, over SRT and again over RTMP, keeps its session and port", async () => {
    const transports = [{ type: "IPv4", address: "127.0.0.1", port: 0 }];
    const control = `${origin}/echo/4`;
    const body = { media: SRT_MEDIA, ...REASON, props: { country: "CH" } };
    const first = await client.ask("POST", "/echo/4/publish/demo", body);
    const media = SRT_MEDIA;
    assert.deepEqual(published(first, ports), { name: "demo", control, transports, media, rtmp });
    const third = await client.ask("POST", "/echo/3/publish/demo", { media: RTMP_MEDIA });
    assert.deepEqual(published(third, ports), {
      name: "demo",
      transports: [],
      media: RTMP_MEDIA,
      rtmp,
    });
  });

  await t.step("state, pause and resume", async () => {
    for (const method of ["GET", "POST", "PUT"]) {
      await answers(ok({ state: { name: "demo", state: "ready" } }), method, "/echo/4/state");
    }
    await answers(ok({ pause: { name: "demo" } }), "PUT", "/echo/4/pause", REASON);
    await answers(ok({ resume: { name: "demo" } }), "PUT", "/echo/4/resume", REASON);
  });

  await t.step("bodies that are wrong name the field, and are limited", async () => {
    const path = "/echo/4/publish/other";
    const wrong = async (body: unknown, field: RegExp) => {
      const { status, body: answer } = await new Client(origin).ask("POST", path, body);
      assert.equal(status, 400);
      assert.match((answer as { message: string }).message, field);
    };
    await wrong("{", /JSON|body/i);
    await wrong({ ...REASON }, /media/);
    await wrong({ media: { ...SRT_MEDIA, protocol: "sip" }, ...REASON }, /media\.protocol/);
    await wrong({ media: SRT_MEDIA }, /reason/);
    await wrong({ media: SRT_MEDIA, ...REASON, props: { a: 1 } }, /props\.a/);
    const { status, body } = await new Client(origin).ask("POST", path, "x".repeat(1 << 20));
    assert.equal(status, 413);
    assert.equal((body as { code: number }).code, 413);
  });

  await t.step("versions, names and cookies that are wrong", async () => {
    const { status, body } = await client.ask("PUT", "/echo/3/pause", REASON);
    assert.equal(status, 400);
    assert.match((body as { message: string }).message, /^unsupported version/);
    const media = { media: SRT_MEDIA, ...REASON };
    assert.equal((await new Client(origin).ask("POST", "/echo/4/publish/live", media)).status, 400);
    const forged = new Client(origin);
    forged.cookie = "echo=1.demo.10.0.0.1.forged";
    assert.equal((await forged.ask("GET", "/echo/4/state")).status, 400);
    assert.equal((await new Client(origin).ask("GET", "/echo/4/state")).status, 400);
  });

  await t.step("teardown, in both versions, also where it is gone", async () => {
    const torn = ok({ teardown: { name: "demo" } });
    await answers(torn, "PUT", "/echo/4/teardown", REASON);
    await answers(error(404, "session not found"), "GET", "/echo/4/state");
    await answers(torn, "PUT", "/echo/4/teardown", REASON);
    await answers(torn, "POST", "/echo/3/teardown");
  });

  await t.step("the dry run creates nothing", async () => {
    const body = { media: SRT_MEDIA, ...REASON };
    const { status, body: answer, cookie } = await client.ask("POST", "/echo/0/publish/dry", body);
    assert.deepEqual([status, cookie], [200, ""]);
    assert.deepEqual(answer, {
      publish: {
        name: "dry",
        control: `${origin}/echo/0`,
        transports: [{ type: "IPv4", address: "127.0.0.1", port: ports.min }],
        media: SRT_MEDIA,
        rtmp: { url: `rtmp://127.0.0.1:${server.rtmpPort}/dry`, name: "key" },
      },
    });
    await answers(ok({ teardown: { name: "echotester" } }), "PUT", "/echo/0/teardown", REASON);
    await answers(ok({ state: { name: "echotester", state: "ready" } }), "GET", "/echo/0/state");
    assert.ok(!server.log.some((line) => /\bdry#/.test(line)));
  });
});

scenario("who may not, who is too late and who is one too many are told so", async () => {
  await using server = await EchoServer.start({
    env: {
      ECHO_AUTH: "key",
      ECHO_BEARER_TOKEN: "open-sesame",
      ECHO_MAX_SESSIONS: "1",
      TTL_MAX_DURATION: "2",
    },
  });
  const origin = `http://127.0.0.1:${server.controlPort}`;
  const body = { media: RTMP_MEDIA, ...REASON };
  for (const headers of [{}, { Authorization: "Bearer wrong" }, { Authorization: "nonsense" }]) {
    const { status, body: answer } = await new Client(origin, headers).ask(
      "POST",
      "/echo/4/publish/demo",
      body,
    );
    assert.deepEqual({ status, code: (answer as { code: number }).code }, {
      status: 401,
      code: 401,
    });
  }
  const client = new Client(origin, { Authorization: "Bearer open-sesame" });
  assert.equal((await client.ask("POST", "/echo/4/publish/demo", body)).status, 200);
  const second = new Client(origin, { Authorization: "Bearer open-sesame" });
  const full = await second.ask("POST", "/echo/4/publish/second", body);
  assert.deepEqual([full.status, (full.body as { code: number }).code], [503, 503]);
  await until("the key has expired", async () => {
    return (await client.ask("GET", "/echo/4/state")).status !== 200;
  });
  const { status, body: answer } = await client.ask("GET", "/echo/4/state");
  assert.deepEqual({ status, body: answer }, error(460, "expired token"));
});
