/** Holds the check of tokens to what counts as one, and to what it must never let in. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { TokenFault } from "../../src/tokens/token_refused.ts";
import { TokenRefused } from "../../src/tokens/token_refused.ts";
import { TokenVerifier, type TokenVerifierOptions } from "../../src/tokens/token_verifier.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { FakeKeySource, Issuer, keySetOf, type TokenParts } from "../../testing/tokens/issuer.ts";

const START = Date.UTC(2026, 0, 1);
const LISTEN = [{ action: "listen", name: "dj1" }];

function setUp(options: Partial<TokenVerifierOptions> = {}) {
  const clock = new FakeClock(START);
  const issuer = new Issuer();
  const source = new FakeKeySource(issuer);
  const rules = { issuer: "https://issuer.example", audience: "echo" };
  const verifier = new TokenVerifier({ clock, keys: source, ...rules, ...options });
  return { clock, issuer, source, verifier };
}

async function assertRefused(
  verifier: TokenVerifier,
  token: string,
  fault: TokenFault,
  words: RegExp,
): Promise<void> {
  await assert.rejects(verifier.verify(token), (error: unknown) => {
    assert.ok(error instanceof TokenRefused, String(error));
    assert.equal(error.fault, fault);
    assert.match(error.message, words);
    for (const part of token.split(".").filter((part) => part.length > 3)) {
      assert.ok(!error.message.includes(part), "it repeats the token");
    }
    return true;
  });
  assert.equal(verifier.known(token), undefined);
}

for (const alg of ["ES256", "RS256", "EdDSA"] as const) {
  Deno.test(`a token that a key of the set has signed with ${alg} counts`, async () => {
    const issuer = new Issuer("key-1", alg);
    const { verifier } = setUp({ keys: new FakeKeySource(issuer) });
    const { rights } = await verifier.verify(issuer.token(LISTEN));
    assert.deepEqual(rights, LISTEN);
  });
}

Deno.test("what is no token signed by a key of the set is refused", async (t) => {
  const { issuer, verifier } = setUp();
  const other = new Issuer("key-1");
  const rsa = new Issuer("key-1", "RS256");
  const good = issuer.token(LISTEN);
  const [head = "", body = "", signature = ""] = good.split(".");
  const otherBody = Buffer.from(
    JSON.stringify({ echo: [{ action: "listen", name: "*" }], exp: 4e9 }),
  ).toString("base64url");
  const withHeader = (header: TokenParts["header"]) => issuer.token(LISTEN, { header });
  const cases: Readonly<Record<string, readonly [string, RegExp]>> = {
    "alg none": [issuer.unsignedToken(LISTEN), /not signed by one of ES256, RS256, EdDSA/],
    "alg None": [
      issuer.unsignedToken(LISTEN, { header: { alg: "None" } }),
      /not signed by one of/,
    ],
    "HS256 with the public key": [issuer.macToken(LISTEN, issuer.pem), /not signed by one of/],
    "HS256 with the key set": [
      issuer.macToken(LISTEN, keySetOf(issuer)),
      /not signed by one of/,
    ],
    "HS256 that calls itself ES256": [
      issuer.macToken(LISTEN, issuer.pem, { header: { alg: "ES256" } }),
      /signature is wrong/,
    ],
    "another key of the same kid": [other.token(LISTEN), /signature is wrong/],
    "another algorithm than the key's": [rsa.token(LISTEN), /no key of the key set/],
    "a kid that is not there": [withHeader({ kid: "key-2" }), /no key of the key set/],
    "a kid that is no text": [withHeader({ kid: 1 }), /./],
    "a key of its own": [
      other.token(LISTEN, { header: { jwk: other.jwk, kid: undefined } }),
      /signature is wrong/,
    ],
    "a key at a URL": [
      other.token(LISTEN, { header: { jku: "https://evil.example/keys" } }),
      /signature is wrong/,
    ],
    "an extension that is critical": [withHeader({ crit: ["x"], x: 1 }), /extension/],
    "another body": [`${head}.${otherBody}.${signature}`, /signature is wrong/],
    "no signature": [`${head}.${body}.`, /./],
    "two parts": [`${head}.${body}`, /three parts/],
    "four parts": [`${good}.${signature}`, /three parts/],
    "nothing": ["", /three parts/],
    "a key of the control API": ["0123456789abcdef0123456789abcdef", /three parts/],
    "100 kB": [
      issuer.token(LISTEN, { claims: { more: "x".repeat(75_000) } }),
      /longer than 8192/,
    ],
    "text that is no JSON": [`${Buffer.from("{").toString("base64url")}.${body}.AAAA`, /./],
  };
  for (const [name, [token, words]] of Object.entries(cases)) {
    await t.step(name, () => assertRefused(verifier, token, "wrong", words));
  }
});

Deno.test("a token of another issuer, for somebody else or without rights is refused", async (t) => {
  const { issuer, verifier } = setUp();
  const cases: Readonly<Record<string, readonly [TokenParts["claims"], RegExp]>> = {
    "another issuer": [{ iss: "https://other.example" }, /of another issuer/],
    "no issuer": [{ iss: undefined }, /of another issuer/],
    "several issuers": [{ iss: ["https://issuer.example"] }, /of another issuer/],
    "another audience": [{ aud: "other" }, /for another audience/],
    "other audiences": [{ aud: ["other", "ech"] }, /for another audience/],
    "no audience": [{ aud: undefined }, /for another audience/],
    "an end that is no number": [{ exp: "4102444800" }, /not of its type/],
    "no rights": [{ echo: undefined }, /claim echo/],
    "rights that are no list": [{ echo: { action: "listen", name: "*" } }, /claim echo/],
    "101 rights": [{ echo: Array(101).fill(LISTEN[0]) }, /claim echo/],
  };
  for (const [name, [claims, words]] of Object.entries(cases)) {
    const token = issuer.token(LISTEN, { claims });
    await t.step(name, () => assertRefused(verifier, token, "wrong", words));
  }
});

Deno.test("of several audiences one has to be the server's", async () => {
  const { issuer, verifier } = setUp();
  await verifier.verify(issuer.token(LISTEN, { claims: { aud: ["other", "echo"] } }));
});

Deno.test("where neither issuer nor audience is given, the signature alone counts", async () => {
  const { issuer, verifier } = setUp({ issuer: undefined, audience: undefined });
  await verifier.verify(issuer.token(LISTEN, { claims: { iss: undefined, aud: undefined } }));
});

Deno.test("a token counts from its beginning to its end, and 5 s around", async () => {
  const { clock, issuer, verifier } = setUp();
  const claims = { nbf: START / 1000 + 100, exp: START / 1000 + 200 };
  const token = issuer.token(LISTEN, { claims });
  await assertRefused(verifier, token, "wrong", /not valid yet/);
  clock.setWall(START + 94_000);
  await assertRefused(verifier, token, "wrong", /not valid yet/);
  clock.setWall(START + 95_000);
  const verified = await verifier.verify(token);
  assert.equal(verifier.known(token), verified);
  clock.setWall(START + 204_999);
  assert.equal(verifier.known(token), verified);
  assert.equal(await verifier.verify(token), verified);
  clock.setWall(START + 205_000);
  await assertRefused(verifier, token, "expired", /has expired/);
  clock.setWall(START + 90_000);
  assert.equal(verifier.known(token), undefined, "the clock was set back");
});

Deno.test("a token without an end counts until its key goes", async () => {
  const { clock, issuer, source, verifier } = setUp();
  const token = issuer.token(LISTEN, { claims: { exp: undefined } });
  await verifier.verify(token);
  clock.setWall(Date.UTC(2200, 0, 1));
  assert.notEqual(verifier.known(token), undefined);
  source.next = keySetOf(new Issuer("key-2"));
  await source.renew();
  await assertRefused(verifier, token, "wrong", /no key of the key set/);
});

Deno.test("an unknown key is looked for once, and a rotated one is found", async () => {
  const { issuer, source, verifier } = setUp();
  const newer = new Issuer("key-2");
  await assertRefused(verifier, newer.token(LISTEN), "wrong", /no key of the key set/);
  assert.equal(source.renewals, 1);
  source.next = keySetOf(issuer, newer);
  await verifier.verify(newer.token(LISTEN));
  await verifier.verify(issuer.token(LISTEN));
  assert.equal(source.renewals, 2);
});

Deno.test("a token without a kid needs a key set in which one key can be meant", async () => {
  const { issuer, source, verifier } = setUp();
  const token = issuer.token(LISTEN, { header: { kid: undefined } });
  await verifier.verify(token);
  source.next = keySetOf(issuer, new Issuer("key-2"));
  await source.renew();
  await assertRefused(verifier, token, "wrong", /which key it is signed with/);
});

Deno.test("without any keys nobody can tell", async () => {
  const { issuer, verifier } = setUp({ keys: new FakeKeySource() });
  await assertRefused(verifier, issuer.token(LISTEN), "unavailable", /no keys yet/);
});

Deno.test("a token that many show at once is checked once, and remembered", async () => {
  const { issuer, verifier } = setUp();
  const token = issuer.token(LISTEN);
  const all = await Promise.all(Array.from({ length: 10 }, () => verifier.verify(token)));
  assert.equal(new Set(all).size, 1);
  assert.equal(verifier.known(token), all[0]);
});

Deno.test("of the tokens that are remembered, the oldest are forgotten", async () => {
  const { issuer, verifier } = setUp();
  const filler = "x".repeat(5500);
  const tokenOf = (i: number) => issuer.token(LISTEN, { claims: { i, filler } });
  const first = tokenOf(0);
  await verifier.verify(first);
  const count = Math.ceil(8 * 2 ** 20 / first.length) + 1;
  let last = first;
  for (let i = 1; i < count; i++) await verifier.verify(last = tokenOf(i));
  assert.equal(verifier.known(first), undefined);
  assert.notEqual(verifier.known(last), undefined);
});
