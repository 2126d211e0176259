/** Asking a hook server who may publish: the question, and what each answer means. */
import assert from "node:assert/strict";
import { HookEndpoint } from "../../src/hook/endpoint.ts";
import { HookAuthority } from "../../src/hook/hook_authority.ts";
import type { Question } from "../../src/session/authority.ts";
import { PublishRefused, type RefusalKind } from "../../src/session/ingest.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { FakeHookServer, verify } from "../../testing/hook/hook_server.ts";

const QUESTION: Question = {
  name: "demo",
  protocol: "srt",
  address: "192.0.2.1",
  credentials: { user: "dj", key: "sesame" },
};

function setUp(url: string | undefined = "https://hooks.example/t0ken") {
  const clock = new FakeClock();
  const server = new FakeHookServer();
  const endpoint = new HookEndpoint({ clock, url, secret: "secret", fetch: server.fetch });
  return { clock, server, endpoint, authority: new HookAuthority(endpoint, clock) };
}

function refused(kind: RefusalKind): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PublishRefused, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, /^Cannot publish demo: /);
    assert.doesNotMatch(error.message, /sesame|t0ken/);
    return true;
  };
}

Deno.test("the question has all that is known of the client, and is signed", async () => {
  const { authority, server, clock } = setUp();
  await authority.ask(QUESTION);
  const [request] = server.requests;
  assert.ok(request !== undefined);
  assert.deepEqual(JSON.parse(request.text), {
    type: "authorize-request",
    timestamp: "2026-01-01T00:00:00.000Z",
    data: {
      name: "demo",
      protocol: "srt",
      address: "192.0.2.1",
      credentials: { user: "dj", key: "sesame" },
    },
  });
  await verify(request, new TextEncoder().encode("secret"), clock.now());
});

for (const status of [200, 201, 204]) {
  Deno.test(`status ${status} is a yes`, async () => {
    const { authority, server } = setUp();
    server.behave = () => status;
    await authority.ask(QUESTION);
  });
}

for (const status of [301, 400, 401, 403, 404]) {
  Deno.test(`status ${status} is a no`, async () => {
    const { authority, server } = setUp();
    server.behave = () => status;
    await assert.rejects(authority.ask(QUESTION), refused("not-allowed"));
  });
}

for (const failure of [429, 500, 503, "down"] as const) {
  Deno.test(`where the hook server has ${failure}, nobody is let in, and it is logged`, async () => {
    await using log = await LogRecorder.start();
    const { authority, server } = setUp();
    server.behave = () => failure;
    await assert.rejects(authority.ask(QUESTION), refused("unavailable"));
    assert.match(log.lines.join(), /^warning .*https:\/\/hooks\.example cannot be asked/);
    assert.doesNotMatch(log.lines.join(), /t0ken|pa55|sesame/);
  });
}

for (const [protocol, seconds] of [["rtmp", 5], ["srt", 5], ["icecast", 3]] as const) {
  Deno.test(`${protocol}: without an answer for ${seconds} s, nobody is let in`, async () => {
    await using log = await LogRecorder.start();
    const { authority, server, clock } = setUp();
    server.behave = () => "silent";
    let over = false;
    const asked = assert.rejects(
      authority.ask({ ...QUESTION, protocol }),
      refused("unavailable"),
    ).then(() => over = true);
    await clock.advance(1000 * seconds - 1);
    assert.equal(over, false);
    await clock.advance(1);
    await asked;
    assert.equal(clock.timerCount, 0);
    assert.match(log.lines.join(), new RegExp(`no answer within ${seconds} s`));
  });
}

Deno.test("an answer that came while this server stood still counts", async () => {
  const { authority, server, clock } = setUp();
  const answer = Promise.withResolvers<number>();
  server.behave = () => answer.promise;
  const asked = authority.ask(QUESTION);
  await clock.advance(1000);
  clock.standStill(12_000);
  answer.resolve(200);
  await asked;
  assert.equal(clock.timerCount, 0);
});

Deno.test("without a URL nobody is let in", async () => {
  await using _log = await LogRecorder.start();
  const { authority, endpoint } = setUp();
  endpoint.replace({ url: undefined, secret: undefined });
  await assert.rejects(authority.ask(QUESTION), refused("unavailable"));
});

Deno.test("a server that stops ends its questions", async () => {
  await using _log = await LogRecorder.start();
  const { authority, server, endpoint, clock } = setUp();
  server.behave = () => "silent";
  const asked = assert.rejects(authority.ask(QUESTION), refused("unavailable"));
  await clock.advance(0);
  endpoint.close();
  await asked;
  assert.equal(clock.timerCount, 0);
});

/** A hook server that does not answer before it is told to. @returns how to ask, from an address */
function setUpSlow() {
  const fixture = setUp();
  const answer = Promise.withResolvers<number>();
  fixture.server.behave = () => answer.promise;
  const refusals: string[] = [];
  const from = (address: string, name = "demo") =>
    fixture.authority.ask({ ...QUESTION, name, address }).catch((error) => {
      assert.ok(error instanceof PublishRefused);
      assert.equal(error.kind, "limit");
      refusals.push(address);
    });
  return { ...fixture, answer, refusals, from };
}

Deno.test("64 questions are open at most: where more are asked, the greediest address gives way", async () => {
  await using _log = await LogRecorder.start();
  const { clock, endpoint, server, answer, refusals, from } = setUpSlow();
  const asked = Array.from({ length: 64 }, (_, i) => from(`192.0.2.${Math.floor(i / 8)}`));
  asked.push(from("192.0.2.99"));
  await clock.advance(0);
  assert.deepEqual(refusals, ["192.0.2.0"]);
  asked.push(from("192.0.2.98"));
  await clock.advance(0);
  assert.deepEqual(refusals, ["192.0.2.0", "192.0.2.1"]);
  assert.equal(server.requests.length, 66);
  answer.resolve(200);
  await Promise.all(asked);
  assert.equal(refusals.length, 2);
  assert.equal(clock.timerCount, 0);
  endpoint.close();
});

Deno.test("8 questions of an address are open at most: those about the name that was asked for most give way", async () => {
  const { clock, answer, refusals, from } = setUpSlow();
  const flood = (length: number) => Array.from({ length }, () => from("192.0.2.1", "other"));
  const guesses = flood(12);
  const dj = from("192.0.2.1", "dj").then(() => "asked");
  guesses.push(...flood(8));
  await clock.advance(0);
  assert.equal(refusals.length, 13);
  answer.resolve(200);
  assert.equal(await dj, "asked");
  await Promise.all(guesses);
  assert.equal(refusals.length, 13);
  const more = Array.from({ length: 8 }, () => from("192.0.2.1"));
  await Promise.all(more);
  assert.equal(refusals.length, 13, "each makes room again");
  assert.equal(clock.timerCount, 0);
});

Deno.test("where somebody was let in lately, questions do not give way to those of strangers", async () => {
  const { authority, server, clock } = setUp();
  await authority.ask(QUESTION);
  const answer = Promise.withResolvers<number>();
  server.behave = () => answer.promise;
  const ask = (i: number) => authority.ask({ ...QUESTION, address: `198.51.100.${i}` });
  const flood = () => Array.from({ length: 100 }, (_, i) => ask(i).then(() => true, () => false));
  const strangers = flood();
  const known = authority.ask(QUESTION);
  strangers.push(...flood());
  await clock.advance(0);
  answer.resolve(200);
  await known;
  assert.equal((await Promise.all(strangers)).filter((asked) => asked).length, 63);
});

Deno.test("credentials of any length are refused without being sent", async () => {
  const { authority, server } = setUp();
  const credentials = { key: "x".repeat(16_384) };
  await assert.rejects(authority.ask({ ...QUESTION, credentials }), refused("not-allowed"));
  assert.equal(server.requests.length, 0);
});
