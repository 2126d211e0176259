/** Who may see statistics and recordings, for each way to show who one is. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { OperatorEntrance } from "../../../src/stat/operator/operator_entrance.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

const HOUR_MS = 3_600_000;
const REMOTE = "192.0.2.7";
const LOCAL = "127.0.0.1";

/** A server with a token or without, and its clock. */
class Guarded {
  readonly clock = new FakeClock(Date.UTC(2026, 10, 23, 20));
  readonly entrance: OperatorEntrance;
  readonly #app = new Hono();

  constructor(token: string | undefined) {
    const entrance = this.entrance = new OperatorEntrance({ token, clock: this.clock });
    const app = this.#app;
    app.use(entrance.watch);
    app.get("/open", (c) => c.text(""));
    app.post("/sign-in", async (c) => {
      const verdict = await entrance.signIn(c, await c.req.text());
      return c.text(verdict);
    });
    app.post("/sign-out", (c) => {
      entrance.signOut(c);
      return c.text("");
    });
    app.use(entrance.guard);
    app.all("/", (c) => c.text("secret"));
  }

  async ask(
    headers: Record<string, string> = {},
    hostname: string = REMOTE,
    method: string = "GET",
    client: string = hostname,
  ): Promise<number> {
    return (await this.#send("/", { headers, method }, hostname, client)).status;
  }

  /** @returns the verdict and the cookie, with its attributes */
  async signIn(
    token: string,
    headers: Record<string, string> = {},
    hostname: string = REMOTE,
  ): Promise<{ verdict: string; cookie: string }> {
    const response = await this.#send(
      "/sign-in",
      { method: "POST", body: token, headers },
      hostname,
    );
    return {
      verdict: await response.text(),
      cookie: response.headers.get("set-cookie") ?? "",
    };
  }

  /** Signs in where somebody guesses. @returns the verdict, which comes after a second */
  async signInLate(token: string, hostname: string = REMOTE): Promise<string> {
    const verdict = this.signIn(token, {}, hostname);
    await this.clock.advance(0);
    assert.equal(this.clock.timerCount, 1, "it is held back");
    await this.clock.advance(1000);
    return (await verdict).verdict;
  }

  async signOut(headers: Record<string, string> = {}): Promise<string> {
    const response = await this.#send("/sign-out", { method: "POST", headers }, REMOTE);
    return response.headers.get("set-cookie") ?? "";
  }

  /** Sends several requests on one connection from this box, each with a path and headers. */
  async onOneConnection(...requests: [path: string, headers: Record<string, string>][]) {
    const remoteAddr = { transport: "tcp", hostname: LOCAL, port: 1 };
    const statuses: number[] = [];
    for (const [path, headers] of requests) {
      const answer = await this.#app.request(path, { headers }, { remoteAddr, client: LOCAL });
      statuses.push(answer.status);
    }
    return statuses;
  }

  #send(path: string, init: RequestInit, hostname: string, client: string = hostname) {
    const info = { remoteAddr: { transport: "tcp", hostname, port: 1 }, client };
    return this.#app.request(path, init, info);
  }
}

/** What a browser sends of a cookie that it was given. */
function kept(cookie: string): string {
  return cookie.split(";")[0] ?? "";
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

Deno.test("who holds the token is let in, from anywhere", async () => {
  const guarded = new Guarded("secret");
  assert.equal(await guarded.ask(bearer("secret")), 200);
  assert.equal(await guarded.ask({ Authorization: "bearer  secret" }), 200);
  assert.equal(await guarded.ask({ ...bearer("secret"), Via: "1.1 proxy" }), 200);
});

Deno.test("nobody else is, where there is a token", async () => {
  const guarded = new Guarded("secret");
  for (const header of ["", "Bearer", "Bearer secre", "Bearer secrets", "Basic secret", "secret"]) {
    assert.equal(await guarded.ask({ Authorization: header }, LOCAL), 401, header);
  }
  assert.equal(await guarded.ask({}, LOCAL), 401);
  assert.equal(await guarded.ask({ Cookie: "echo_dashboard=" }), 401);
});

Deno.test("who is signed in stays so behind a proxy that asks for a password", async () => {
  const guarded = new Guarded("secret");
  const Cookie = kept((await guarded.signIn("secret")).cookie);
  const Authorization = `Basic ${btoa("operator:password")}`;
  for (let i = 0; i < 20; i++) assert.equal(await guarded.ask({ Authorization }), 401);
  assert.equal(await guarded.ask({ Cookie, Authorization }), 200);
  assert.equal(await guarded.ask({ Cookie, Authorization }, REMOTE, "DELETE"), 200);
  assert.equal((await guarded.signIn("secret", { Authorization })).verdict, "granted");
});

Deno.test("without a token, clients on this box are let in", async () => {
  const guarded = new Guarded(undefined);
  for (const local of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
    assert.equal(await guarded.ask({}, local), 200, local);
  }
  for (const other of ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "::", "1127.0.0.1", ""]) {
    assert.equal(await guarded.ask({}, other), 401, other);
    assert.equal(await guarded.ask(bearer(""), other), 401, other);
    assert.equal(await guarded.ask(bearer("undefined"), other), 401, other);
  }
});

Deno.test("clients of a proxy on this box are not on this box", async () => {
  const guarded = new Guarded(undefined);
  const headers = ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"];
  for (const name of [...headers, "X-Real-IP", "X-Original-URI", "True-Client-IP"]) {
    assert.equal(await guarded.ask({ [name]: "127.0.0.1" }, LOCAL), 401, name);
  }
});

Deno.test("nor is anybody on a connection on which a request came from elsewhere", async () => {
  const Host = "127.0.0.1:8088";
  const traces = [{ Host, Via: "1.1 proxy" }, { Host: "192.0.2.1" }, { Host: "radio.example" }];
  for (const trace of traces) {
    const guarded = new Guarded(undefined);
    const statuses = await guarded.onOneConnection(["/", { Host }], ["/open", trace], ["/", {
      Host,
    }]);
    assert.deepEqual(statuses, [200, 200, 401], JSON.stringify(trace));
    assert.equal(await guarded.ask({ Host }, LOCAL), 200, "another connection");
  }
});

Deno.test("a trusted proxy cannot pass anybody off as this box", async () => {
  const guarded = new Guarded(undefined);
  assert.equal(await guarded.ask({}, REMOTE, "GET", "127.0.0.1"), 401);
});

Deno.test("what could have come through a proxy on this box that does not say so is not let in", async () => {
  const guarded = new Guarded(undefined);
  for (const host of ["192.0.2.1", "10.0.0.1:8088", "[2001:db8::1]:8088", "[::]:80", "0.0.0.0"]) {
    assert.equal(await guarded.ask({ Host: host }, LOCAL), 401, host);
    assert.equal(await guarded.ask({ Host: host }, LOCAL, "DELETE"), 401, host);
  }
  // What nginx sends where nothing but proxy_pass is set.
  const Host = "127.0.0.1:8088";
  assert.equal(await guarded.ask({ Host, Connection: "close" }, LOCAL), 401);
  assert.equal(await guarded.ask({ Host, Connection: "keep-alive" }, LOCAL), 200);
});

Deno.test("a request that came by no socket is not let in", async () => {
  const app = new Hono();
  app.use(new OperatorEntrance({ token: undefined, clock: new FakeClock() }).guard);
  assert.equal((await app.request("/")).status, 401);
});

Deno.test("without a token, a browser that a name led to this box is not let in", async () => {
  const guarded = new Guarded(undefined);
  for (
    const host of ["127.0.0.1:8088", "127.0.1.1", "localhost", "LOCALHOST:8088", "[::1]:8088"]
  ) {
    assert.equal(await guarded.ask({ Host: host }, LOCAL), 200, host);
  }
  for (
    const host of ["evil.example", "127.0.0.1.evil.example:8088", "localhost.evil.example", "x"]
  ) {
    assert.equal(await guarded.ask({ Host: host }, LOCAL), 403, host);
  }
});

Deno.test("the token is exchanged for a cookie that does not tell it and that scripts cannot read", async () => {
  const guarded = new Guarded("secret");
  const { verdict, cookie } = await guarded.signIn("secret");
  assert.equal(verdict, "granted");
  assert.match(
    cookie,
    /^echo_dashboard=\d+\.[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  assert.ok(!cookie.includes("secret"));
  assert.equal(await guarded.ask({ Cookie: kept(cookie) }), 200);
  assert.equal(await guarded.ask({ Cookie: kept(cookie) }, LOCAL), 200);
  assert.match(
    (await guarded.signIn("secret", { "X-Forwarded-Proto": "https" })).cookie,
    /; Secure/,
  );
  assert.match(
    await guarded.signOut(),
    /^echo_dashboard=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict/,
  );
});

Deno.test("a cookie that was changed lets nobody in", async () => {
  const guarded = new Guarded("secret");
  const [, expiry = "", signature = ""] =
    /=(\d+)\.([\w-]+)/.exec((await guarded.signIn("secret")).cookie) ?? [];
  const others = [
    `${Number(expiry) + 1}.${signature}`,
    `${expiry}.${"A".repeat(43)}`,
    `${expiry}.`,
    `${expiry}`,
    signature,
    `${expiry}.${signature}x`,
    "undefined.undefined",
  ];
  for (const value of others) {
    assert.equal(await guarded.ask({ Cookie: `echo_dashboard=${value}` }), 401, value);
  }
});

Deno.test("a cookie is over after 12 hours, and with its token", async () => {
  const guarded = new Guarded("secret");
  const Cookie = kept((await guarded.signIn("secret")).cookie);
  guarded.clock.advanceSync(12 * HOUR_MS - 1);
  assert.equal(await guarded.ask({ Cookie }), 200);
  guarded.entrance.replace("other");
  assert.equal(await guarded.ask({ Cookie }), 401);
  guarded.entrance.replace("secret");
  assert.equal(await guarded.ask({ Cookie }), 200);
  guarded.clock.advanceSync(1);
  assert.equal(await guarded.ask({ Cookie }), 401);
});

Deno.test("a cookie is over after 12 hours, and guesses count for a minute, however the clock is set", async () => {
  for (const step of [-13 * HOUR_MS, 13 * HOUR_MS]) {
    const guarded = new Guarded("secret");
    const { clock } = guarded;
    const Cookie = kept((await guarded.signIn("secret")).cookie);
    for (let i = 0; i < 10; i++) await guarded.signIn("wrong");
    clock.setWall(clock.now() + step);
    assert.equal(await guarded.ask({ Cookie }), 200);
    assert.equal(await guarded.signInLate("wrong"), "guessing");
    clock.advanceSync(59_000);
    assert.equal((await guarded.signIn("wrong")).verdict, "unknown");
    clock.advanceSync(12 * HOUR_MS - 60_000);
    assert.equal(await guarded.ask({ Cookie }), 401);
  }
});

Deno.test("a cookie that was given back is over, whoever has a copy, and others are not", async () => {
  const guarded = new Guarded("secret");
  const mine = { Cookie: kept((await guarded.signIn("secret")).cookie) };
  guarded.clock.advanceSync(1);
  const other = { Cookie: kept((await guarded.signIn("secret")).cookie) };
  const before = guarded.entrance.validity;
  await guarded.signOut(mine);
  assert.equal(before.aborted, true, "streams that it opened are over");
  assert.deepEqual([await guarded.ask(mine), await guarded.ask(other)], [401, 200]);

  const now = guarded.entrance.validity;
  await guarded.signOut(mine);
  await guarded.signOut({ Cookie: "echo_dashboard=1795464000000.x" });
  assert.equal(now.aborted, false, "who is not signed in ends nothing");
});

Deno.test("a token that is replaced is over at once", async () => {
  const guarded = new Guarded(undefined);
  const { entrance } = guarded;
  assert.equal(entrance.hasToken, false);
  const before = entrance.validity;
  entrance.replace("first");
  assert.equal(before.aborted, true);
  assert.equal(entrance.hasToken, true);
  assert.deepEqual([await guarded.ask({}, LOCAL), await guarded.ask(bearer("first"))], [401, 200]);

  const same = entrance.validity;
  entrance.replace("first");
  assert.equal(same.aborted, false);

  entrance.replace("second");
  assert.equal(same.aborted, true);
  assert.equal(await guarded.ask(bearer("first")), 401);
  assert.equal(await guarded.ask(bearer("second")), 200);
  entrance.replace(undefined);
  assert.deepEqual([await guarded.ask(bearer("second")), await guarded.ask({}, LOCAL)], [401, 200]);
});

Deno.test("a wrong token gives no cookie, and after ten of them others are answered late for a minute", async () => {
  const guarded = new Guarded("secret");
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(await guarded.signIn(`wrong-${i}`), { verdict: "unknown", cookie: "" });
    assert.equal(await guarded.ask(bearer(`wrong-${i}`)), 401);
  }
  assert.equal(await guarded.signInLate("wrong"), "guessing");
  const asked = guarded.ask(bearer("wrong"));
  await guarded.clock.advance(1000);
  assert.equal(await asked, 429);
  assert.equal((await guarded.signIn("wrong", {}, "192.0.2.8")).verdict, "unknown");
  guarded.clock.advanceSync(60_000);
  assert.equal((await guarded.signIn("wrong")).verdict, "unknown");
});

Deno.test("the right token is let in at once, however many wrong ones came from its address", async () => {
  const guarded = new Guarded("secret");
  for (let i = 0; i < 10; i++) await guarded.signIn(`wrong-${i}`);
  assert.equal(await guarded.signInLate("wrong"), "guessing");
  assert.equal((await guarded.signIn("secret")).verdict, "granted");
  assert.equal(await guarded.ask(bearer("secret")), 200);
});

Deno.test("who is signed in stays so while others guess from the same address", async () => {
  const guarded = new Guarded("secret");
  const Cookie = kept((await guarded.signIn("secret")).cookie);
  for (let i = 0; i < 10; i++) await guarded.signIn("wrong");
  assert.equal(await guarded.signInLate("wrong"), "guessing");
  assert.equal(await guarded.ask({ Cookie }), 200);
});

Deno.test("guesses are counted by address, and by IPv6 network", async () => {
  const guarded = new Guarded("secret");
  for (let i = 0; i < 10; i++) {
    await guarded.signIn("wrong", { "X-Forwarded-For": `10.0.0.${i}` }, "192.0.2.2");
    await guarded.signIn("wrong", {}, `2001:db8::1:${i}`);
  }
  assert.equal(await guarded.signInLate("wrong", "::ffff:192.0.2.2"), "guessing");
  assert.equal(await guarded.signInLate("wrong", "2001:db8:0:0:ffff::"), "guessing");
  assert.equal((await guarded.signIn("wrong", {}, "2001:db8:0:1::1")).verdict, "unknown");
});

const SAME_SITE: readonly Record<string, string>[] = [
  { "Sec-Fetch-Site": "same-origin" },
  { Host: "box.example:8088", Origin: "http://box.example:8088" },
  // Behind a proxy that tells another Host, on HTTPS, browsers say it themselves.
  { "Sec-Fetch-Site": "same-origin", Host: "10.0.0.1", Origin: "https://box.example" },
  // No browser.
  {},
];
const OTHER_SITE: readonly Record<string, string>[] = [
  { "Sec-Fetch-Site": "cross-site" },
  { "Sec-Fetch-Site": "same-site" },
  { "Sec-Fetch-Site": "none" },
  { Host: "box.example:8088", Origin: "http://evil.example" },
  { Host: "box.example:8088", Origin: "http://box.example:8080" },
  { Host: "box.example:8088", Origin: "null" },
];

Deno.test("another site cannot have a browser that is signed in change anything", async () => {
  const guarded = new Guarded("secret");
  const Cookie = kept((await guarded.signIn("secret")).cookie);
  for (const method of ["POST", "PUT", "DELETE"]) {
    for (const headers of SAME_SITE) {
      assert.equal(await guarded.ask({ Cookie, ...headers }, REMOTE, method), 200);
    }
    for (const headers of OTHER_SITE) {
      const text = JSON.stringify(headers);
      assert.equal(await guarded.ask({ Cookie, ...headers }, REMOTE, method), 403, text);
      assert.equal(await guarded.ask({ Cookie, ...headers }), 200, text);
      assert.equal(
        await guarded.ask({ ...bearer("secret"), ...headers }, REMOTE, method),
        200,
        "a header that no other site can send proves it",
      );
    }
  }
});

Deno.test("nor a browser on this box, where there is no token", async () => {
  const guarded = new Guarded(undefined);
  const Host = "127.0.0.1:8088";
  const own = [{ "Sec-Fetch-Site": "same-origin" }, { Origin: "http://127.0.0.1:8088" }, {}];
  for (const headers of own) {
    assert.equal(await guarded.ask({ Host, ...headers }, LOCAL, "DELETE"), 200);
  }
  for (const headers of OTHER_SITE) {
    assert.equal(await guarded.ask({ ...headers, Host }, LOCAL, "DELETE"), 403);
  }
});

Deno.test("another site cannot sign a browser in", async () => {
  const guarded = new Guarded("secret");
  for (const headers of OTHER_SITE) {
    assert.deepEqual(await guarded.signIn("secret", headers), { verdict: "foreign", cookie: "" });
  }
});
