/** Who is let in to what operators see by a token of an issuer, and who is not. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { OperatorEntrance } from "../../../src/stat/operator/operator_entrance.ts";
import { StatTokens } from "../../../src/tokens/stat_tokens.ts";
import { TokenVerifier } from "../../../src/tokens/token_verifier.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { FakeKeySource, Issuer } from "../../../testing/tokens/issuer.ts";

const ALL = [{ action: "stat", name: "*" }];

function setUp(token?: string) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const issuer = new Issuer();
  const keys = new FakeKeySource(issuer);
  const verifier = new TokenVerifier({ clock, keys, issuer: undefined, audience: undefined });
  const entrance = new OperatorEntrance({ token, tokens: new StatTokens(verifier), clock });
  const app = new Hono();
  app.use(entrance.watch);
  app.get("/", async (c) => c.text(await entrance.check(c)));
  app.post("/sign-in", async (c) => c.text(await entrance.signIn(c, await c.req.text())));
  app.use("/guarded", entrance.guard).all("/guarded", (c) => c.text("in"));
  const ask = async (path: string, headers: Record<string, string> = {}, body?: string) => {
    const info = { remoteAddr: { transport: "tcp", hostname: "198.51.100.7", port: 1 } };
    const init = body === undefined ? { headers } : { headers, body, method: "POST" };
    return await app.request(path, init, info);
  };
  const verdict = async (headers: Record<string, string> = {}) =>
    await (await ask("/", headers)).text();
  return { ask, clock, issuer, verdict };
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
