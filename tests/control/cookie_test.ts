/** The signed cookie that stands for a session: no change of it finds another session. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { COOKIE_KEY, publish, REASON, setUpApi } from "../../testing/control/control_api.ts";

const CALLS = [
  ["GET", "/echo/4/state"],
  ["PUT", "/echo/4/pause"],
  ["PUT", "/echo/4/resume"],
  ["PUT", "/echo/4/teardown"],
  ["POST", "/echo/3/teardown"],
] as const;

async function statusesWith(
  api: ReturnType<typeof setUpApi>,
  cookie: string | undefined,
): Promise<number[]> {
  const statuses: number[] = [];
  for (const [method, path] of CALLS) {
    const request = { ...(cookie === undefined ? {} : { cookie }) };
    const body = method === "GET" ? undefined : REASON;
    const answer = await api.request(method, path, { ...request, body });
    const { code, message } = await answer.json();
    if (code !== undefined) assert.equal(code, answer.status);
    if (code === 400) assert.match(message, /^bad cookie/);
    statuses.push(answer.status);
  }
  return statuses;
}

const ALL_BAD = [400, 400, 400, 400, 400];

Deno.test("without a cookie, or with another's, no session is found", async () => {
  const api = setUpApi();
  await publish(api);
  for (
    const cookie of [
      undefined,
      "",
      "other=1",
      "echo=",
      "echo=.",
      "echo=1.demo.10.0.0.1",
      `echo=1.demo.10.0.0.1.${"A".repeat(43)}`,
      `echo=${"1.".repeat(2000)}`,
      "echo=%",
    ]
  ) {
    assert.deepEqual(await statusesWith(api, cookie), ALL_BAD, cookie);
  }
});

Deno.test("a cookie with any byte changed is bad", async () => {
  const api = setUpApi();
  const cookie = await publish(api);
  const value = cookie.slice("echo=".length);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(value.length - 1),
      fc.integer({ min: 0x21, max: 0x7e }),
      async (at, code) => {
        fc.pre(value.charCodeAt(at) !== code);
        const changed = value.slice(0, at) + String.fromCharCode(code) + value.slice(at + 1);
        const answer = await api.request("GET", "/echo/4/state", { cookie: `echo=${changed}` });
        assert.equal(answer.status, 400);
        await answer.body?.cancel();
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("every other last letter of the signature is bad", async () => {
  const api = setUpApi();
  const cookie = await publish(api);
  for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
    if (cookie.endsWith(letter)) continue;
    const changed = cookie.slice(0, -1) + letter;
    const answer = await api.request("GET", "/echo/4/state", { cookie: changed });
    assert.equal(answer.status, 400, letter);
    await answer.body?.cancel();
  }
});

Deno.test("a cookie that another key signed is bad", async () => {
  const cookie = await publish(setUpApi({ cookieKey: COOKIE_KEY.toUpperCase() }));
  assert.deepEqual(await statusesWith(setUpApi(), cookie), ALL_BAD);
});

Deno.test("a forged address is bad, and nobody is asked", async () => {
  const api = setUpApi();
  const cookie = await publish(api);
  const forged = cookie.replace("10.0.0.1", "127.0.0.1");
  assert.deepEqual(await statusesWith(api, forged), ALL_BAD);
});

Deno.test("a cookie whose address is no IP address is bad, even where it was signed", async () => {
  const cookie = await publish(setUpApi({ privateIp: "evil.example" }));
  assert.deepEqual(await statusesWith(setUpApi(), cookie), ALL_BAD);
});

Deno.test("after a restart a cookie finds no session, and may tear it down", async () => {
  const before = setUpApi();
  const cookie = await publish(before);
  const after = setUpApi();
  await after.clock.advance(1000);
  assert.deepEqual(await statusesWith(after, cookie), [404, 404, 404, 200, 200]);
});

Deno.test("id and name have to agree", async () => {
  const cookie = await publish(setUpApi(), "another");
  const api = setUpApi();
  await publish(api, "demo");
  assert.deepEqual(await statusesWith(api, cookie), [404, 404, 404, 200, 200]);
  assert.equal(api.sessions.find("demo")?.state, "ready");
});

Deno.test("the cookie is found among others, for an IPv6 address too", async () => {
  const api = setUpApi({ privateIp: "fd00::1" });
  const cookie = await publish(api, "Demo-1_x");
  const answer = await api.request("GET", "/echo/4/state", { cookie: `a=1; ${cookie}; b=2` });
  assert.deepEqual(await answer.json(), { state: { name: "Demo-1_x", state: "ready" } });
});
