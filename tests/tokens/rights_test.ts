/** Holds what a token grants to what stands in its claim, for whatever may stand there. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ACTIONS,
  allows,
  allowsEverywhere,
  allowsSomewhere,
  readRights,
} from "../../src/tokens/rights.ts";
import { TokenRefused } from "../../src/tokens/token_refused.ts";
import { TokenVerifier } from "../../src/tokens/token_verifier.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { FakeKeySource, Issuer } from "../../testing/tokens/issuer.ts";

const NAME = fc.stringMatching(/^[A-Za-z0-9_-]{1,16}$/);
const ACTION = fc.constantFrom(...ACTIONS);
const PATTERN = fc.oneof(NAME, NAME.map((name) => `${name}*`), fc.constant("*"));
const RIGHT = fc.record({ action: ACTION, name: PATTERN });
/** What somebody may have got wrong, or tries. */
const ODD = fc.oneof(
  fc.jsonValue(),
  fc.record({ action: ACTION, name: fc.oneof(fc.string(), fc.jsonValue()) }),
  fc.record({ action: fc.oneof(fc.string(), fc.jsonValue()), name: PATTERN }),
  fc.record({ action: ACTION }),
  fc.record({ name: PATTERN }),
);

Deno.test("a name covers itself, and one with * whatever begins so", () => {
  const rights = readRights([
    { action: "publish", name: "dj1" },
    { action: "listen", name: "dj*" },
    { action: "stat", name: "*" },
  ]) ?? [];
  const granted = ["dj", "dj1", "dj12", "DJ1", "xdj1", "d"].map((name) =>
    ACTIONS.filter((action) => allows(rights, action, name)).join()
  );
  assert.deepEqual(granted, [
    "listen,stat",
    "publish,listen,stat",
    "listen,stat",
    "stat",
    "stat",
    "stat",
  ]);
  assert.deepEqual(ACTIONS.map((action) => allowsSomewhere(rights, action)), [
    true,
    true,
    false,
    true,
  ]);
  assert.deepEqual(ACTIONS.map((action) => allowsEverywhere(rights, action)), [
    false,
    false,
    false,
    true,
  ]);
});

Deno.test("what is no name of a broadcast, with or without * behind it, grants nothing", () => {
  for (const name of ["", "**", "*dj", "d*j", "dj**", "dj1 ", " dj1", "dj1/", "dj1\n", "../dj1"]) {
    assert.deepEqual(readRights([{ action: "publish", name }]), [], JSON.stringify(name));
  }
});

Deno.test("a claim grants what one of its entries grants, and nothing else", () => {
  const entries = fc.array(fc.oneof(RIGHT, ODD), { maxLength: 20 });
  fc.assert(fc.property(entries, ACTION, NAME, (claim, action, name) => {
    const rights = readRights(claim) ?? [];
    const isGranted = claim.some((entry) => grants(entry, action, name));
    assert.equal(allows(rights, action, name), isGranted);
  }));
});

Deno.test("what is no list grants nothing", () => {
  fc.assert(fc.property(fc.jsonValue().filter((claim) => !Array.isArray(claim)), (claim) => {
    assert.equal(readRights(claim), undefined);
  }));
  assert.equal(readRights(Array(101).fill({ action: "listen", name: "*" })), undefined);
});

Deno.test("whatever the claims of a signed token are, it grants what they say or is refused", async () => {
  const issuer = new Issuer();
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const now = clock.now() / 1000;
  const keys = new FakeKeySource(issuer);
  const rules = { issuer: "https://issuer.example", audience: "echo" };
  const verifier = new TokenVerifier({ clock, keys, ...rules });
  const time = fc.oneof(fc.integer({ min: now - 60, max: now + 60 }), fc.jsonValue());
  const claims = fc.record({
    iss: fc.oneof(fc.constant(rules.issuer), fc.jsonValue()),
    aud: fc.oneof(
      fc.constantFrom<unknown>("echo", ["echo"], ["other", "echo"], "other", []),
      fc.jsonValue(),
    ),
    nbf: time,
    exp: time,
  }, { requiredKeys: [] });
  const echo = fc.oneof(fc.array(fc.oneof(RIGHT, ODD), { maxLength: 5 }), ODD);
  await fc.assert(
    fc.asyncProperty(claims, echo, ACTION, NAME, async (claims, echo, action, name) => {
      const { iss, aud, nbf = now, exp = now + 60 } = { ...DEFAULTS, ...claims };
      const isGood = iss === rules.issuer &&
        (aud === "echo" || (Array.isArray(aud) && aud.includes("echo"))) &&
        typeof nbf === "number" && nbf <= now + 5 && typeof exp === "number" && exp > now - 5 &&
        Array.isArray(echo);
      const token = issuer.token(echo, { claims });
      try {
        const { rights } = await verifier.verify(token);
        assert.ok(isGood, "it let in what it must not");
        assert.equal(
          allows(rights, action, name),
          echo.some((entry: unknown) => grants(entry, action, name)),
        );
      } catch (error) {
        if (!(error instanceof TokenRefused)) throw error;
        assert.ok(!isGood, error.message);
      }
    }),
    { numRuns: 500 },
  );
});

const DEFAULTS: Readonly<Record<string, unknown>> = {
  iss: "https://issuer.example",
  aud: "echo",
};

/** What the documents say that an entry grants. */
function grants(entry: unknown, action: string, name: string): boolean {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return false;
  const right = entry as Record<string, unknown>;
  if (right.action !== action || typeof right.name !== "string") return false;
  const [, start, star] = /^([A-Za-z0-9_-]{0,128})(\*?)$/.exec(right.name) ?? [];
  if (start === undefined || right.name === "" || right.name.endsWith("\n")) return false;
  return star === "*" ? name.startsWith(start) : name === start;
}
