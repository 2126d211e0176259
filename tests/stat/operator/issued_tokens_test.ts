/** Who is let in to what operators see by a token of an issuer, and who is not. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { OperatorEntrance } from "../../../src/stat/operator/operator_entrance.ts";
import { readSigningKeys } from "../../../src/tokens/signing_keys.ts";
import { StatTokens } from "../../../src/tokens/stat_tokens.ts";
import { TokenVerifier } from "../../../src/tokens/token_verifier.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { FakeKeySource, Issuer, keySetOf } from "../../../testing/tokens/issuer.ts";

const ALL = [{ action: "stat", name: "*" }];

function setUp(token?: string) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const issuer = new Issuer();
  const keys = new FakeKeySource(issuer);
  const verifier = new TokenVerifier({ clock, keys, issuer: undefined, audience: undefined });
  const watchers: (() => void)[] = [];
  const watch = (tell: () => void) => void watchers.push(tell);
  const tokens = new StatTokens({ verifier, keys: { watch } });
  const entrance = new OperatorEntrance({ token, tokens, clock });
  const app = new Hono();
  app.use(entrance.watch);
  app.get("/", async (c) => c.text(await entrance.check(c)));
  app.post("/sign-in", async (c) => c.text(await entrance.signIn(c, await c.req.text())));
  app.post("/sign-out", (c) => {
    entrance.signOut(c);
    return c.text("out");
  });
  app.use("/guarded", entrance.guard).all("/guarded", (c) => c.text("in"));
  const ask = async (path: string, headers: Record<string, string> = {}, body?: string) => {
    const info = { remoteAddr: { transport: "tcp", hostname: "198.51.100.7", port: 1 } };
    const init = body === undefined ? { headers } : { headers, body, method: "POST" };
    return await app.request(path, init, info);
  };
  const verdict = async (headers: Record<string, string> = {}) =>
    await (await ask("/", headers)).text();
  const signIn = async (token: string) => {
    const answer = await ask("/sign-in", { "Sec-Fetch-Site": "same-origin" }, token);
    assert.equal(await answer.text(), "granted");
    const [Cookie = ""] = (answer.headers.get("Set-Cookie") ?? "").split(";");
    return { Cookie };
  };
  const changeKeys = (...issuers: Issuer[]) => {
    keys.keys = issuers.length === 0 ? undefined : readSigningKeys(keySetOf(...issuers));
    for (const tell of watchers) tell();
  };
  return { ask, changeKeys, clock, entrance, issuer, signIn, verdict };
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

for (const own of [undefined, "the-servers-own"]) {
  Deno.test(`a token lets operators in, ${own ? "beside" : "without"} one of the server`, async () => {
    const { issuer, verdict } = setUp(own);
    assert.equal(await verdict(bearer(issuer.token(ALL))), "granted");
    for (
      const echo of [[{ action: "stat", name: "dj*" }], [{ action: "control", name: "*" }], []]
    ) {
      assert.equal(await verdict(bearer(issuer.token(echo))), "unknown");
    }
    assert.equal(await verdict(bearer(new Issuer().token(ALL))), "unknown");
    assert.equal(await verdict(), "unknown", "who has none may still sign in");
    assert.equal(await verdict(bearer("the-servers-own")), own ? "granted" : "unknown");
  });
}

Deno.test("what is wrong with a token is told, and nothing of it", async () => {
  const { ask, issuer } = setUp();
  const expired = issuer.token(ALL, { claims: { exp: 1 } });
  const response = await ask("/guarded", bearer(expired));
  assert.equal(response.status, 401);
  const challenge = response.headers.get("WWW-Authenticate") ?? "";
  assert.equal(
    challenge,
    'Bearer error="invalid_token", error_description="the token has expired"',
  );
  assert.equal((await ask("/guarded")).headers.get("WWW-Authenticate"), "Bearer");
});

Deno.test("a browser that signed in by a token is let in until that expires", async () => {
  const { ask, clock, issuer, verdict } = setUp();
  const exp = clock.now() / 1000 + 60;
  const token = issuer.token(ALL, { claims: { exp } });
  const signedIn = await ask("/sign-in", { "Sec-Fetch-Site": "same-origin" }, token);
  assert.equal(await signedIn.text(), "granted");
  const [Cookie = ""] = (signedIn.headers.get("Set-Cookie") ?? "").split(";");
  assert.match(signedIn.headers.get("Set-Cookie") ?? "", /HttpOnly; SameSite=Strict/);
  assert.equal(await verdict({ Cookie }), "granted");
  const foreign = await ask("/guarded", { Cookie, "Sec-Fetch-Site": "cross-site" }, "");
  assert.equal(foreign.status, 403);
  clock.setWall(clock.now() + 65_000);
  assert.equal(await verdict({ Cookie }), "unknown");
});

Deno.test("nobody signs in by a token from another site's page, or by a wrong one", async () => {
  const { ask, issuer } = setUp();
  const foreign = await ask("/sign-in", { "Sec-Fetch-Site": "cross-site" }, issuer.token(ALL));
  assert.equal(await foreign.text(), "foreign");
  const wrong = await ask("/sign-in", {}, new Issuer().token(ALL));
  assert.deepEqual([await wrong.text(), wrong.headers.get("Set-Cookie")], ["unknown", null]);
});

Deno.test("the cookie for a token does not tell it, and ends with the sign-out", async () => {
  const { ask, entrance, issuer, signIn, verdict } = setUp();
  const token = issuer.token(ALL);
  const [browser, other] = [await signIn(token), await signIn(token)];
  for (const part of token.split(".")) assert.ok(!browser.Cookie.includes(part));
  assert.notEqual(browser.Cookie, other.Cookie);
  const { validity } = entrance;
  await ask("/sign-out", browser, "");
  assert.ok(validity.aborted, "who watches is asked again");
  assert.deepEqual([await verdict(browser), await verdict(other)], ["unknown", "granted"]);
});

Deno.test("nobody is let in by a token as cookie", async () => {
  const { issuer, verdict } = setUp();
  assert.equal(await verdict({ Cookie: `echo_dashboard=${issuer.token(ALL)}` }), "unknown");
});

Deno.test("of more than a thousand browsers that signed in, the first has to do so again", async () => {
  const { issuer, signIn, verdict } = setUp();
  const token = issuer.token(ALL);
  const [first, second] = [await signIn(token), await signIn(token)];
  for (let i = 0; i < 999; i++) await signIn(token);
  assert.deepEqual([await verdict(first), await verdict(second)], ["unknown", "granted"]);
});

Deno.test("who watches by a token is asked again once its key is void", async () => {
  const { changeKeys, entrance, issuer, signIn, verdict } = setUp();
  const browser = await signIn(issuer.token(ALL));
  const { validity } = entrance;
  changeKeys(new Issuer());
  assert.ok(validity.aborted);
  for (let i = 0; i < 20; i++) {
    assert.equal(await verdict(browser), "unknown", "and does not guess");
  }
});

Deno.test("as long as there are no keys, tokens are neither right nor guessed", async () => {
  const { ask, changeKeys, issuer, verdict } = setUp();
  changeKeys();
  for (let i = 0; i < 20; i++) {
    assert.equal((await ask("/guarded", bearer(issuer.token(ALL)))).status, 503);
  }
  changeKeys(issuer);
  assert.equal(await verdict(bearer(issuer.token(ALL))), "granted");
});

Deno.test("the server's own token counts also where it looks like an issuer's", async () => {
  const { signIn, verdict } = setUp("a.b.c");
  assert.equal(await verdict(bearer("a.b.c")), "granted");
  assert.equal(await verdict(await signIn("a.b.c")), "granted");
});
