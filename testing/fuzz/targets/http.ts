/** What reads HTTP: the routes of all servers, and a hook server's answers. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { Context, Hono } from "hono";
import { Authorizer } from "../../../src/control/authorization.ts";
import { ControlError } from "../../../src/control/control_error.ts";
import { HookEndpoint, HookUnreachable } from "../../../src/hook/endpoint.ts";
import { dashboardRoutes } from "../../../src/pages/dashboard/routes.ts";
import type { Timer } from "../../../src/session/clock.ts";
import { OperatorEntrance } from "../../../src/stat/operator/operator_entrance.ts";
import { Health } from "../../../src/stat/health.ts";
import { liveRoutes } from "../../../src/stat/live/routes.ts";
import { statRoutes } from "../../../src/stat/routes.ts";
import { listenerWeb } from "../../../src/station/listener_web.ts";
import { requestedRange } from "../../../src/web/byte_range.ts";
import { withServerHeader } from "../../../src/web/web_server.ts";
import { COOKIE_KEY, publishBody, REASON, setUpApi } from "../../control/control_api.ts";
import { FakeClock } from "../../fake_clock.ts";
import { originOf, servedStream } from "../../hls/served_stream.ts";
import { OFF_AIR } from "../../pages/listener/broadcasts.ts";
import { House } from "../../stat/house.ts";
import { about, bytesOf, type Outcome, type Target, textOf } from "../target.ts";

/** An input is a request as HTTP/1.1 has it: a line, headers, an empty line, a body. */
const METHODS = ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "TRACE ", "TRACK ", "X "];
const HEADERS = [
  ...[
    "Range: bytes=0-",
    "If-None-Match: *",
    "If-Range: ",
    "Cookie: echo=",
    "Authorization: Basic ",
  ],
  ...["Authorization: Bearer ", "Origin: null", "Host: localhost", "X-Forwarded-For: 192.0.2.1"],
  ...[
    "Content-Length: 99999",
    "Accept: application/json",
    "Last-Event-ID: 1",
    "X-Forwarded-Proto: https",
  ],
];
const TOKENS = [...METHODS, ...HEADERS, "\r\n", "%", "%2F", "..", "\\", "?", "\0", '"', "é"];

/** A cookie that the control API takes for its own; of any other it would ask another box. */
const SESSION = "1.demo.10.0.0.1";
const SIGNED = `${SESSION}.${createHmac("sha256", COOKIE_KEY).update(SESSION).digest("base64url")}`;

const SEGMENT = new Uint8Array(376).fill(0x47);
const SHOW = { ...OFF_AIR, name: "demo", state: "on-air", title: "A <b> & C" } as const;

export const HTTP_TARGETS: readonly Target[] = [
  {
    name: "http_control",
    errors: [],
    maxBytes: 6000,
    tokens: [
      ...TOKENS,
      "/echo/4/",
      "/echo/0/",
      "publish/",
      "pause",
      "teardown",
      "state",
      '"media":',
    ],
    seeds: () => [
      request("POST /echo/4/publish/demo", JSON.stringify(publishBody())),
      request("POST /echo/3/publish/demo", JSON.stringify({ media: publishBody("rtmp").media })),
      request("PUT /echo/4/pause", JSON.stringify(REASON), `Cookie: echo=${SIGNED}`),
      request("POST /echo/0/publish/demo", JSON.stringify(publishBody())),
      request("GET /echo/option"),
    ],
    run: (input) => ask(controlApp(), input),
  },
  {
    name: "http_hls",
    errors: [],
    maxBytes: 2048,
    tokens: [
      ...TOKENS,
      "/cast/",
      "demo/",
      "playlist.m3u8",
      "5-1700000000.ts",
      "index.m3u8",
      "embed",
    ],
    seeds: () => [
      request("GET /cast/demo/playlist.m3u8", "", 'If-None-Match: "5-1"'),
      request("GET /cast/demo/5-1700000000.ts", "", "Range: bytes=10-20", 'If-Range: "a"'),
      request("GET /cast/demo/index.m3u8"),
      request("GET /cast/demo/?embed", "", "Host: radio.example", "X-Forwarded-Proto: https"),
      request("GET /cast/demo/status.json"),
      request("GET /prerole/jingle.aac"),
    ],
    run: (input) => ask(hlsApp, input),
  },
  {
    name: "http_stat",
    errors: [],
    maxBytes: 6000,
    tokens: [
      ...TOKENS,
      "/stat/1/",
      "sessions",
      "/metrics",
      "token=",
      "echo_dashboard=",
      "/sign-in",
    ],
    seeds: () => [
      request("GET /stat/1/sessions/1795464000000"),
      request("GET /stat/1/sessions/1795464000000/details"),
      request("GET /health", "", "Accept: application/json"),
      request("POST /sign-in", "token=letmein", "Content-Type: application/x-www-form-urlencoded"),
      request("DELETE /stat/1/sessions/1", "", "Authorization: Bearer letmein"),
      request("GET /", "", "Cookie: echo_dashboard=1795464000000.AAAA"),
      request("POST /sign-out"),
    ],
    run: (input) => ask(statApp, input),
  },
  {
    name: "http_credentials",
    errors: [ControlError],
    maxBytes: 512,
    tokens: ["Basic ", "Bearer ", ":", "=", "YW5uYTp3b3Jk", " "],
    seeds: () => ["Basic YW5uYTp3b3Jk", "Bearer sesame", "basic Og=="].map(bytesOf),
    run: async (input) => {
      await authorizer.check(textOf(input), { name: "demo", address: "198.51.100.7" });
      return "let in";
    },
  },
  {
    name: "http_range",
    errors: [],
    maxBytes: 128,
    tokens: ["bytes=", "-", ",", "0", "99999999999999999999", " ", "items="],
    seeds: () => ["bytes=0-", "bytes=-5", "bytes=3-7", "bytes=1-2,5-6"].map(bytesOf),
    run: (input) => {
      const size = (input[0] ?? 0) * 4;
      const header = (name: string) => name === "Range" ? textOf(input) : undefined;
      // Sound: it reads method and headers of a context, and no more.
      const c = { req: { method: "GET", header } } as unknown as Context;
      const range = requestedRange(c, { size, etag: '"a"' });
      if (range === undefined || range === "unsatisfiable") return `${range}`;
      assert.ok(range.start >= 0 && range.start < range.end && range.end <= size);
      return `${about(range.start)} ${about(range.end)}`;
    },
  },
  {
    name: "hook_answer",
    errors: [HookUnreachable],
    maxBytes: 1024,
    tokens: ["Retry-After: ", "Date: ", "Thu, 26 Nov 2026 03:00:00 GMT", "429 ", "503 ", "200 "],
    seeds: () => [bytesOf("200 \r\n\r\nfine"), bytesOf("503 \r\nRetry-After: 5\r\n\r\n")],
    run: readHookAnswer,
  },
];

const HASH = `$2y$05$${"a".repeat(53)}`;
/** It knows anna, and looks at no password for longer than it takes to compare it with one. */
/** A clock for which nobody has to wait: who guesses is slowed down. */
class HastyClock extends FakeClock {
  override after(_ms: number, callback: () => void): Timer {
    queueMicrotask(callback);
    return { cancel: () => {} };
  }
}

const authorizer = new Authorizer({
  mode: "key",
  credentials: { users: new Map([["anna", HASH]]), bearerToken: "sesame" },
  clock: new HastyClock(),
  passwords: {
    verify: (password) => Promise.resolve(password === "word"),
    prepare: () => {},
    close: () => {},
  },
});

const api = { left: 0, app: setUpApi().app };

/** A new one now and then: sessions that were opened stay. */
function controlApp(): Hono {
  if (api.left-- === 0) {
    api.left = 1000;
    api.app = withServerHeader(setUpApi({ maxSessions: 10 }).app, ["echo", "control"]);
  }
  return api.app;
}

const stream = servedStream({
  playlist: { text: new TextEncoder().encode("#EXTM3U\n"), etag: '"5-1"' },
  masterPlaylist: "#EXTM3U\n",
  files: ["5-1700000000.ts"],
  segment: (file) => file === "5-1700000000.ts" ? SEGMENT : undefined,
});

const hlsApp = withServerHeader(
  listenerWeb({
    origin: originOf({ demo: () => stream }),
    preroll: {
      files: new Map([["jingle.aac", { bytes: SEGMENT, type: "audio/aac", etag: '"j"' }]]),
    },
    shows: { status: () => SHOW, current: [SHOW] },
    path: "cast",
    index: true,
  }),
  ["echo", "hls"],
);

const statApp = makeStatApp();

function makeStatApp(): Hono {
  const { statistics, sessions } = new House();
  const entrance = new OperatorEntrance({ token: "letmein", clock: new HastyClock() });
  const { guard } = entrance;
  const live = { watch: () => new ReadableStream(), details: () => undefined };
  const app = statRoutes({
    statistics,
    usage: () => ({ load: { one: 0, five: 0, fifteen: 0 }, memory: 1 }),
    metrics: { contentType: "text/plain", render: () => Promise.resolve("up 1\n") },
    audience: { total: 0, streaming: 0, byName: () => [] },
    health: new Health(),
    entrance,
  });
  const validity = () => entrance.validity;
  app.route("/", liveRoutes({ live, sessions, guard, validity }));
  app.route("/", dashboardRoutes(entrance, { hlsPorts: [8080] }));
  return withServerHeader(app, ["echo", "stat"]);
}

function request(line: string, body = "", ...headers: string[]): Uint8Array {
  return bytesOf([`${line} HTTP/1.1`, ...headers, "", body].join("\r\n"));
}

/** Asks an app what an input asks; whatever comes, it is no fault of the server. */
async function ask(app: Hono, input: Uint8Array): Promise<Outcome> {
  const made = makeRequest(textOf(input));
  if (made === undefined) return "no request";
  const remoteAddr = { transport: "tcp", hostname: "198.51.100.7", port: 50_000 };
  const answer = await app.fetch(made, { remoteAddr });
  await answer.body?.cancel();
  assert.ok(answer.status < 500 || answer.status === 503, `status ${answer.status}`);
  return `${made.method} ${answer.status} ${answer.headers.get("Content-Type")}`;
}

/** `undefined` where there can be no such request. */
function makeRequest(text: string): Request | undefined {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [line = "", ...lines] = head.split("\r\n");
  const [method = "", path = ""] = line.split(" ");
  try {
    const headers = new Headers();
    for (const header of lines) {
      const colon = header.indexOf(":");
      if (colon > 0) headers.append(header.slice(0, colon), header.slice(colon + 1).trim());
    }
    const url = `http://radio.example${path.startsWith("/") ? path : "/"}`;
    const body = method === "GET" || method === "HEAD" || rest.length === 0
      ? null
      : rest.join("\r\n\r\n");
    // A Request cannot be made with these, but a server may get them.
    const isForbidden = /^(?:TRACE|TRACK|CONNECT)$/i.test(method);
    const made = new Request(url, { method: isForbidden ? "POST" : method, headers, body });
    return isForbidden ? Object.defineProperty(made, "method", { value: method }) : made;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Reads `STATUS`, headers and a body as a hook server may answer them. */
async function readHookAnswer(input: Uint8Array): Promise<Outcome> {
  const [head = "", body = ""] = textOf(input).split("\r\n\r\n");
  const [line = "", ...lines] = head.split("\r\n");
  const status = 200 + Math.abs(parseInt(line, 10) || 0) % 400;
  const clock = new FakeClock();
  const endpoint = new HookEndpoint({
    ...{ clock, url: "http://hook.example/?token=hush", secret: "sesame" },
    fetch: () => Promise.resolve(answerOf(status, lines, body)),
  });
  const { retryAfterMs } = await endpoint.post({ id: "1", body: "{}" }, 5000);
  assert.ok(retryAfterMs === undefined || retryAfterMs >= 0);
  endpoint.close();
  return `${status} ${retryAfterMs === undefined ? "" : about(retryAfterMs)}`;
}

function answerOf(status: number, lines: readonly string[], body: string): Response {
  const answer = new Response([204, 205, 304].includes(status) ? null : body, { status });
  for (const line of lines) {
    const [name = "", value = ""] = line.split(": ");
    if (/^[\w-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value)) answer.headers.set(name, value);
  }
  return answer;
}
