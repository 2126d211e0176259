/** Webhooks: signed as Standard Webhooks has it, in order, sent again until they are taken. */
import assert from "node:assert/strict";
import { Hooks } from "../../src/hook/hooks.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import {
  type Behaviour,
  FakeHookServer,
  type HookRequest,
  verify,
} from "../../testing/hook/hook_server.ts";

const URL_WITH_SECRETS = "https://u:pa55@hooks.example/t0ken";
const SECRET = "correct horse";
const HOUR_MS = 3_600_000;

/** Hooks on a clock that stands still, and a server that takes them. */
class Fixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly server = new FakeHookServer();
  readonly hooks: Hooks;
  readonly #events = new EventBus();
  readonly log: LogRecorder;

  private constructor(log: LogRecorder, url: string | undefined, secret: string | undefined) {
    this.log = log;
    this.hooks = new Hooks({
      clock: this.clock,
      events: this.#events,
      url,
      secret,
      fetch: this.server.fetch,
      random: () => 0,
    });
  }

  static async start(
    target: { url?: string | undefined; secret?: string | undefined } = {},
  ): Promise<Fixture> {
    const { url, secret } = { url: URL_WITH_SECRETS, secret: SECRET, ...target };
    return new Fixture(await LogRecorder.start(), url, secret);
  }

  emit(event: Partial<SessionEvent> & { id: number }): void {
    const facts = { name: `name${event.id}`, protocol: "rtmp", props: {}, at: this.clock.now() };
    // Sound: each test says what belongs to its kind.
    this.#events.emit({ ...facts, kind: "hls-release", ...event } as SessionEvent);
  }

  /** An event of session `id` that can be told from others. */
  numbered(id: number, number: number): void {
    this.emit({ id, kind: "record-complete", path: "", part: "", durationMs: number });
  }

  /** The numbers that came of session `id`, attempts that failed included. */
  numbers(id: number): unknown[] {
    return this.server.requests.filter(({ data }) => data.id === id).map(numberOf);
  }

  /** Lets everything run that waits for no time, until `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 100_000 && !condition(); i++) await this.clock.advance(0);
    assert.ok(condition());
  }

  /** The server does these one after another, and well after that. */
  script(...behaviours: Behaviour[]): void {
    this.server.behave = () => behaviours.shift() ?? 200;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.hooks.close();
    await this.clock.advance(5000);
    await closed;
    assert.equal(this.clock.timerCount, 0, "no timer is left behind");
    assert.equal(this.server.underWay, 0, "no request is left behind");
    for (const line of this.log.lines) assert.doesNotMatch(line, /pa55|t0ken|correct horse/);
    await this.log[Symbol.asyncDispose]();
  }
}

Deno.test("an event is posted as JSON, with its session's facts and what belongs to it", async () => {
  await using fixture = await Fixture.start();
  const { clock, server } = fixture;
  fixture.emit({
    id: 7,
    name: "demo",
    protocol: "srt",
    props: { country: "IS", liveId: "L 1" },
    kind: "record-complete",
    path: "demo.mp4",
    part: "demo.part",
    durationMs: 1500,
  });
  await clock.advance(0);
  const [request] = server.requests;
  assert.ok(request !== undefined);
  assert.equal(request.url, URL_WITH_SECRETS);
  assert.equal(request.headers.get("Content-Type"), "application/json");
  assert.match(request.headers.get("User-Agent") ?? "", /^Echo\//);
  assert.deepEqual(JSON.parse(request.text), {
    type: "record-complete",
    timestamp: "2026-01-01T00:00:00.000Z",
    data: {
      name: "demo",
      id: 7,
      protocol: "srt",
      props: { country: "IS", liveId: "L 1" },
      path: "demo.mp4",
      part: "demo.part",
      duration_ms: 1500,
    },
  });
  assert.equal(fixture.hooks.delivered, 1);
});

Deno.test("of a session that goes from box to box neither is posted: its end here, its beginning there", async () => {
  await using fixture = await Fixture.start();
  fixture.emit({ id: 1, kind: "create", address: "", goesOn: true });
  fixture.emit({ id: 1, kind: "release", reason: SERVER_REASON, goesOn: true });
  fixture.emit({ id: 1, kind: "release", reason: SERVER_REASON });
  await fixture.until(() => fixture.server.requests.length > 0 && fixture.hooks.queued === 0);
  assert.deepEqual(fixture.server.requests.map(({ data }) => data.reason), [SERVER_REASON]);
});

Deno.test("what is nested in an event comes as it is, in snake_case", async () => {
  await using fixture = await Fixture.start();
  const quality = { total_count: 5, drop_count: 1, bad_count: 2, filler_count: 3 };
  fixture.emit({ id: 1, kind: "input-quality", quality });
  fixture.emit({ id: 2, kind: "release", reason: { code: 30000, message: "over" } });
  await fixture.clock.advance(0);
  assert.deepEqual(fixture.server.requests.map(({ data }) => data.quality ?? data.reason), [
    quality,
    { code: 30000, message: "over" },
  ]);
});

Deno.test("a receiver can verify who sent it, and refuse what was sent before", async () => {
  await using fixture = await Fixture.start();
  fixture.emit({ id: 1 });
  await fixture.clock.advance(0);
  const [request] = fixture.server.requests;
  assert.ok(request !== undefined);
  const key = new TextEncoder().encode(SECRET);
  const now = fixture.clock.now();
  await verify(request, key, now);
  await assert.rejects(verify(request, new TextEncoder().encode("wrong"), now), /wrong/);
  await assert.rejects(verify({ ...request, text: `${request.text} ` }, key, now), /wrong/);
  await assert.rejects(verify(request, key, now + HOUR_MS), /old/);
  const later = new Headers(request.headers);
  later.set("webhook-timestamp", String((now + HOUR_MS) / 1000));
  await assert.rejects(verify({ ...request, headers: later }, key, now + HOUR_MS), /wrong/);
});

Deno.test("a secret of Standard Webhooks is the key in base64", async () => {
  // The example of the specification's own libraries.
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  await using fixture = await Fixture.start({ secret });
  fixture.emit({ id: 1 });
  await fixture.clock.advance(0);
  const [request] = fixture.server.requests;
  assert.ok(request !== undefined);
  const key = Uint8Array.from(atob(secret.slice(6)), (letter) => letter.charCodeAt(0));
  await verify(request, key, fixture.clock.now());
});

Deno.test("without a secret nothing is signed, without a URL nothing is sent", async () => {
  await using unsigned = await Fixture.start({ secret: undefined });
  unsigned.emit({ id: 1 });
  await unsigned.clock.advance(0);
  assert.equal(unsigned.server.requests[0]?.headers.get("webhook-signature"), null);
  await using none = await Fixture.start({ url: undefined });
  none.emit({ id: 1 });
  await none.clock.advance(0);
  assert.equal(none.server.requests.length, 0);
  assert.equal(none.hooks.queued, 0);
});

const failures: Record<string, Behaviour> = { "500": 500, "503": 503, "429": 429, down: "down" };
for (const [what, failure] of Object.entries(failures)) {
  Deno.test(`an event that met ${what} is sent again, the same but for its signature`, async () => {
    await using fixture = await Fixture.start();
    const { clock, server, hooks } = fixture;
    fixture.script(failure, failure);
    fixture.emit({ id: 1 });
    await clock.advance(0);
    assert.deepEqual([hooks.failed, hooks.queued], [1, 1]);
    await clock.advance(3000);
    assert.deepEqual([hooks.delivered, hooks.failed, hooks.queued], [1, 2, 0]);
    const [first, second, third] = server.requests;
    assert.equal(server.requests.length, 3);
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    for (const again of [second, third]) {
      assert.equal(again.id, first.id);
      assert.equal(again.text, first.text);
    }
    const key = new TextEncoder().encode(SECRET);
    await verify(third, key, clock.now());
    assert.notEqual(
      third.headers.get("webhook-timestamp"),
      first.headers.get("webhook-timestamp"),
    );
    const [fails, again] = fixture.log.lines;
    assert.match(fails ?? "", /^warning .*https:\/\/hooks\.example does not take events/);
    assert.match(again ?? "", /^info .*takes events again/);
    assert.equal(fixture.log.lines.length, 2);
  });
}

Deno.test("a server that does not answer is given up after 10 s, and asked again", async () => {
  await using fixture = await Fixture.start();
  fixture.script("silent");
  fixture.emit({ id: 1 });
  await fixture.clock.advance(9999);
  assert.equal(fixture.hooks.failed, 0);
  await fixture.clock.advance(1);
  assert.equal(fixture.hooks.failed, 1);
  await fixture.clock.advance(1000);
  assert.equal(fixture.hooks.delivered, 1);
  assert.match(fixture.log.lines[0] ?? "", /no answer within 10 s/);
});

Deno.test("each attempt waits twice as long as the one before, a minute at most", async () => {
  await using fixture = await Fixture.start();
  fixture.server.behave = () => 500;
  fixture.emit({ id: 1 });
  await fixture.clock.advance(0);
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60, 60]) {
    const before = fixture.server.requests.length;
    await fixture.clock.advance(seconds * 1000 - 1);
    assert.equal(fixture.server.requests.length, before, `within ${seconds} s`);
    await fixture.clock.advance(1);
    assert.equal(fixture.server.requests.length, before + 1, `after ${seconds} s`);
  }
});

Deno.test("chance takes up to a half of the wait", async () => {
  await using log = await LogRecorder.start();
  const clock = new FakeClock();
  const events = new EventBus();
  const server = new FakeHookServer();
  server.behave = () => 500;
  const { fetch } = server;
  const target = { url: "http://hooks.example/", secret: undefined };
  const hooks = new Hooks({ clock, events, ...target, fetch, random: () => 1 });
  events.emit({ kind: "hls-release", id: 1, name: "x", protocol: "rtmp", props: {}, at: 0 });
  await clock.advance(499);
  assert.equal(server.requests.length, 1);
  await clock.advance(1);
  assert.equal(server.requests.length, 2);
  const closed = hooks.close();
  await clock.advance(2000);
  await closed;
  assert.match(log.lines.at(-1) ?? "", /^warning 1 events were dropped/);
});

const retryAfter: Record<string, [header: string, seconds: number, date?: string]> = {
  "seconds": ["7", 7],
  "a date": ["Thu, 01 Jan 2026 00:00:09 GMT", 9],
  "a date, by the clock of the server that tells it": [
    ...["Thu, 01 Jan 2026 02:00:09 GMT", 9] as const,
    "Thu, 01 Jan 2026 02:00:00 GMT",
  ],
  "more than five minutes": ["86400", 300],
  "less than the backoff": ["0", 1],
  "nonsense": ["soon", 1],
};
for (const [what, [header, seconds, date]] of Object.entries(retryAfter)) {
  Deno.test(`Retry-After of ${what} is followed within bounds`, async () => {
    await using fixture = await Fixture.start();
    const headers = { "Retry-After": header, ...(date === undefined ? {} : { Date: date }) };
    fixture.script(new Response(null, { status: 429, headers }));
    fixture.emit({ id: 1 });
    await fixture.clock.advance(seconds * 1000 - 1);
    assert.equal(fixture.server.requests.length, 1);
    await fixture.clock.advance(1);
    assert.equal(fixture.server.requests.length, 2);
  });
}

for (const status of [400, 401, 404, 410, 301, 307]) {
  Deno.test(`an event refused with ${status} is logged, not sent again, and the next goes`, async () => {
    await using fixture = await Fixture.start();
    fixture.script(
      new Response(null, { status, headers: { Location: "https://elsewhere.example/" } }),
    );
    fixture.numbered(1, 1);
    fixture.numbered(1, 2);
    await fixture.clock.advance(HOUR_MS);
    const { delivered, failed, dropped, queued } = fixture.hooks;
    assert.deepEqual({ delivered, failed, dropped, queued }, {
      ...{ delivered: 1, failed: 1, dropped: 1, queued: 0 },
    });
    assert.deepEqual(fixture.numbers(1), [1, 2]);
    assert.ok(fixture.server.requests.every(({ url }) => url === URL_WITH_SECRETS));
    assert.match(fixture.log.lines[0] ?? "", /refuses record-complete with status/);
    assert.equal(fixture.server.requests[1]?.dropped, 1);
  });
}

Deno.test("events of a session come in order, whatever happens to each", async () => {
  await using fixture = await Fixture.start();
  fixture.script(200, 500, "down", 200, "silent", 503);
  for (let i = 1; i <= 6; i++) fixture.numbered(1, i);
  await fixture.clock.advance(60_000);
  assert.deepEqual(fixture.numbers(1), [1, 2, 2, 2, 3, 3, 3, 4, 5, 6]);
  assert.equal(fixture.hooks.delivered, 6);
});

Deno.test("a session whose events fail or hang holds up no other", async () => {
  await using fixture = await Fixture.start();
  const hanging = new Set([1, 2, 3]);
  fixture.server.behave = ({ data: { id } }) => {
    if (id === 4) return 500;
    return hanging.has(Number(id)) ? "silent" : 200;
  };
  for (const id of [1, 2, 3, 4, 5]) {
    for (let i = 1; i <= 10; i++) fixture.numbered(id, i);
  }
  await fixture.until(() => fixture.hooks.delivered === 10);
  assert.deepEqual(fixture.numbers(5), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual([1, 2, 3, 4].map((id) => fixture.numbers(id).length), [1, 1, 1, 1]);
});

Deno.test("at most 16 requests are under way, one for each session", async () => {
  await using fixture = await Fixture.start();
  fixture.script(...Array<Behaviour>(16).fill("silent"));
  for (let id = 1; id <= 40; id++) {
    fixture.numbered(id, 1);
    fixture.numbered(id, 2);
  }
  await fixture.clock.advance(9000);
  assert.equal(fixture.server.requests.length, 16);
  assert.equal(fixture.hooks.queued, 80);
  await fixture.clock.advance(60_000);
  assert.equal(fixture.server.mostUnderWay, 16);
  assert.equal(fixture.hooks.delivered, 80);
});

Deno.test("a session's queue holds 100: the oldest that wait are dropped, and that is told", async () => {
  await using fixture = await Fixture.start();
  fixture.server.behave = () => 500;
  for (let i = 1; i <= 130; i++) fixture.numbered(1, i);
  await fixture.clock.advance(0);
  assert.deepEqual([fixture.hooks.queued, fixture.hooks.dropped], [100, 30]);
  await fixture.clock.advance(10_000);
  assert.equal(fixture.log.matching(/^warning 30 events were dropped/).length, 1);
  fixture.script();
  await fixture.clock.advance(60_000);
  await fixture.until(() => fixture.hooks.queued === 0);
  const delivered = fixture.server.requests.slice(-100);
  assert.deepEqual(delivered.map(numberOf), [1, ...numbersFrom(32, 130)]);
  assert.deepEqual(delivered.map(({ dropped }) => dropped).filter((count) => count), [30]);
});

Deno.test("where a session's queue is full, titles give way to all else", async () => {
  await using fixture = await Fixture.start();
  fixture.server.behave = () => "silent";
  for (let i = 1; i <= 90; i++) fixture.numbered(1, i);
  for (let i = 0; i < 1000; i++) {
    fixture.emit({ id: 1, kind: "metadata", title: `${i}`, artist: null });
  }
  for (let i = 91; i <= 95; i++) fixture.numbered(1, i);
  assert.equal(fixture.hooks.queued, 100);
  fixture.server.behave = () => 200;
  await fixture.clock.advance(20_000);
  await fixture.until(() => fixture.hooks.queued === 0);
  const delivered = fixture.server.requests.slice(-100);
  const titles = delivered.filter(({ type }) => type === "metadata").map(({ data }) => data.title);
  assert.deepEqual(titles, ["995", "996", "997", "998", "999"]);
  assert.equal(delivered.filter(({ type }) => type === "record-complete").length, 95);
});

Deno.test("all queues together hold 10000, and what is beyond is dropped and told", async () => {
  await using fixture = await Fixture.start();
  fixture.server.behave = () => "down";
  for (let id = 1; id <= 5100; id++) {
    fixture.numbered(id, 1);
    fixture.numbered(id, 2);
  }
  assert.deepEqual([fixture.hooks.queued, fixture.hooks.dropped], [10_000, 200]);
  await fixture.until(() => fixture.hooks.failed === 5000);
  fixture.script();
  await fixture.clock.advance(60_000);
  await fixture.until(() => fixture.hooks.queued === 0);
  assert.equal(fixture.hooks.delivered, 10_000);
  const told = new Map(fixture.server.requests.map(({ id, dropped }) => [id, dropped ?? 0]));
  assert.equal([...told.values()].reduce<number>((sum, count) => sum + Number(count), 0), 200);
});

Deno.test("what was told to nobody is told by the next event that is delivered", async () => {
  await using fixture = await Fixture.start();
  fixture.script(404, 404, 200, 200);
  for (let i = 1; i <= 4; i++) fixture.numbered(1, i);
  await fixture.clock.advance(0);
  assert.deepEqual(
    fixture.server.requests.map(({ dropped }) => dropped),
    [undefined, 1, 2, undefined],
  );
});

Deno.test("an event that cannot be delivered for an hour is given up, and the next is tried", async () => {
  await using fixture = await Fixture.start();
  fixture.server.behave = (request) => numberOf(request) === 1 ? 500 : 200;
  fixture.numbered(1, 1);
  fixture.numbered(1, 2);
  await fixture.clock.advance(HOUR_MS - 1);
  assert.equal(fixture.hooks.dropped, 0);
  await fixture.clock.advance(120_000);
  assert.deepEqual([fixture.hooks.delivered, fixture.hooks.dropped], [1, 1]);
  assert.equal(fixture.server.requests.at(-1)?.dropped, 1);
});

Deno.test("another URL and secret count at once, for what waits too", async () => {
  await using fixture = await Fixture.start();
  fixture.script("down", 200);
  fixture.emit({ id: 1 });
  await fixture.clock.advance(0);
  fixture.hooks.replace({ url: "https://other.example/", secret: "new" });
  await fixture.clock.advance(0);
  assert.equal(fixture.hooks.delivered, 1);
  const request = fixture.server.requests[1];
  assert.ok(request !== undefined);
  assert.equal(request.url, "https://other.example/");
  await verify(request, new TextEncoder().encode("new"), fixture.clock.now());
});

Deno.test("without a URL from now on, what waits is dropped, and a later one starts anew", async () => {
  await using fixture = await Fixture.start();
  fixture.script("down");
  fixture.numbered(1, 1);
  fixture.numbered(1, 2);
  await fixture.clock.advance(0);
  fixture.hooks.replace({ url: undefined, secret: undefined });
  fixture.numbered(1, 3);
  await fixture.clock.advance(10_000);
  assert.deepEqual([fixture.hooks.queued, fixture.hooks.dropped], [0, 2]);
  assert.equal(fixture.log.matching(/^warning 2 events were dropped/).length, 1);
  fixture.hooks.replace({ url: URL_WITH_SECRETS, secret: SECRET });
  fixture.numbered(1, 4);
  await fixture.clock.advance(0);
  assert.deepEqual(fixture.numbers(1), [1, 4]);
  assert.equal(fixture.server.requests.at(-1)?.dropped, 2);
});

Deno.test("a server that stops delivers what is queued, and tries again sooner", async () => {
  const fixture = await Fixture.start();
  fixture.script("down", "down", "down");
  for (let i = 1; i <= 3; i++) fixture.numbered(1, i);
  await fixture.clock.advance(0);
  const closed = fixture.hooks.close();
  await fixture.clock.advance(600);
  await closed;
  assert.equal(fixture.hooks.delivered, 3);
  assert.deepEqual(fixture.log.matching(/dropped/), []);
  await fixture[Symbol.asyncDispose]();
});

Deno.test("a server that stops waits 2 s for a hook server that hangs, and counts what is lost", async () => {
  const fixture = await Fixture.start();
  fixture.server.behave = () => "silent";
  for (const id of [1, 2, 3]) {
    fixture.numbered(id, 1);
    fixture.numbered(id, 2);
  }
  await fixture.clock.advance(0);
  let closed = false;
  const closing = fixture.hooks.close().then(() => closed = true);
  fixture.numbered(1, 3);
  await fixture.clock.advance(1999);
  assert.equal(closed, false);
  await fixture.clock.advance(1);
  await closing;
  assert.equal(fixture.server.requests.length, 3, "nothing more is sent");
  assert.equal(fixture.log.matching(/^warning 6 events were dropped/).length, 1);
  assert.deepEqual([fixture.hooks.queued, fixture.hooks.dropped], [0, 6]);
  await fixture[Symbol.asyncDispose]();
});

Deno.test("a server that has stopped sends nothing of what still waited for its turn", async () => {
  const fixture = await Fixture.start();
  fixture.server.behave = () => "silent";
  for (let id = 1; id <= 20; id++) fixture.numbered(id, 1);
  await fixture.clock.advance(0);
  const closed = fixture.hooks.close();
  await fixture.clock.advance(2000);
  await closed;
  fixture.hooks.replace({ url: undefined, secret: undefined });
  await fixture.clock.advance(0);
  assert.equal(fixture.server.requests.length, 16);
  assert.deepEqual([fixture.hooks.queued, fixture.hooks.dropped], [0, 20]);
  await fixture[Symbol.asyncDispose]();
});

function numberOf({ data }: HookRequest): unknown {
  return data.duration_ms;
}

function numbersFrom(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

Deno.test("the hook server has its time also where this one stands still", async () => {
  await using fixture = await Fixture.start();
  const { clock, server } = fixture;
  const answer = Promise.withResolvers<Behaviour>();
  server.behave = () => answer.promise;
  fixture.numbered(1, 1);
  await clock.advance(1000);
  clock.standStill(12_000);
  answer.resolve(204);
  await fixture.until(() => fixture.hooks.delivered === 1);

  fixture.script("down", "down");
  fixture.numbered(1, 2);
  await clock.advance(100);
  clock.standStill(2 * HOUR_MS);
  await clock.advance(10_000);
  assert.equal(fixture.hooks.delivered, 2);
  assert.equal(fixture.hooks.dropped, 0);
});
