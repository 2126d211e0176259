/** Keys that any box of a fleet knows without having been told. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { derivedKey } from "../../../src/fleet/derived_key.ts";
import { SignedKeys } from "../../../src/fleet/ownership/signed_keys.ts";
import { isValidName } from "../../../src/session/name.ts";
import { shownName } from "../../../src/session/typed_text.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

const HOUR_MS = 3_600_000;
const SHARED = "0123456789abcdef0123456789abcdef";

function box(clock = new FakeClock(), djs = new Map([["anna", "anna:hash:show"]]), key = SHARED) {
  return new SignedKeys({
    clock,
    lifeMs: HOUR_MS,
    signingKey: derivedKey(key, "publish key"),
    rightOf: (dj) => djs.get(dj),
  });
}

Deno.test("a key that one box gave counts at another, whose process began at another time", async () => {
  const clock = new FakeClock();
  const elsewhere = new FakeClock();
  await elsewhere.advance(77_000_000);
  elsewhere.setWall(clock.now());
  const { token } = box(clock).create("show");
  const check = box(elsewhere).check("show", token);
  assert.equal(check.kind, "valid");
  const leftMs = check.kind === "valid" ? check.key.expiresAt - elsewhere.monotonic() : 0;
  assert.ok(Math.abs(leftMs - HOUR_MS) <= 1000, `${leftMs} ms are left`);
});

Deno.test("a key counts for its name alone, until it expires", async () => {
  const clock = new FakeClock();
  const keys = box(clock);
  const { token } = keys.create("show");
  assert.equal(keys.check("other", token).kind, "unknown");
  assert.equal(keys.expired("show"), false);
  await clock.advance(HOUR_MS + 1000);
  assert.equal(keys.check("show", token).kind, "expired");
  assert.equal(keys.expired("show"), true);
});

Deno.test("the box to which somebody went with his key knows that it has expired", async () => {
  const clock = new FakeClock();
  const [a, b] = [box(clock), box(clock)];
  const first = a.create("show");
  await clock.advance(HOUR_MS / 2);
  const second = a.create("show");
  assert.equal(b.expired("show"), false);
  assert.equal(b.check("show", `${first.token}x`).kind, "unknown");
  assert.equal(b.has("show"), false);
  for (const { token } of [second, first]) assert.equal(b.check("show", token).kind, "valid");
  await clock.advance(HOUR_MS / 2 + 1000);
  assert.equal(b.expired("show"), false);
  await clock.advance(HOUR_MS / 2);
  assert.equal(b.expired("show"), true);
});

Deno.test("a key that was changed anywhere, or signed by another fleet, is not known", () => {
  const keys = box();
  const { token } = keys.create("show", 1234, "anna");
  fc.assert(fc.property(
    fc.nat(token.length - 1),
    fc.constantFrom(..."0123456789abcdefghijklmnopqrstuvwxyzABCXYZ.-_ "),
    (at, letter) => {
      const changed = token.slice(0, at) + letter + token.slice(at + 1);
      assert.equal(keys.check("show", changed).kind, changed === token ? "valid" : "unknown");
    },
  ));
  const { token: foreign } = box(undefined, undefined, "f".repeat(32)).create("show");
  assert.equal(keys.check("show", foreign).kind, "unknown");
  assert.equal(keys.check("show", "").kind, "unknown");
});

Deno.test("a key of a session proves nothing of another one, until it has opened that", () => {
  const [a, b] = [box(), box()];
  const { token } = a.create("show", 1234);
  assert.equal(b.proves({ name: "show", id: 1234 }, token), true);
  assert.equal(b.proves({ name: "show", id: 1235 }, token), false);
  b.opened({ name: "show", id: 1235 }, token);
  assert.equal(b.proves({ name: "show", id: 1235 }, token), true);
  assert.equal(a.proves({ name: "show", id: 1235 }, token), false);
  const { token: forAll } = a.create("show");
  assert.equal(b.proves({ name: "show", id: 7 }, forAll), true);
});

Deno.test("a DJ's key counts while his line in the file is the same", () => {
  const djs = new Map([["anna", "anna:hash:show"]]);
  const keys = box(undefined, djs);
  const { token } = keys.create("show", undefined, "anna");
  const check = keys.check("show", token);
  assert.equal(check.kind === "valid" && check.key.dj, "anna");
  djs.set("anna", "anna:other:show");
  assert.equal(keys.check("show", token).kind, "unknown");
  djs.delete("anna");
  assert.equal(keys.check("show", token).kind, "unknown");
});

Deno.test("terms bound a key and the session that it opens", async () => {
  const clock = new FakeClock();
  const keys = box(clock);
  const { token } = keys.create("show", undefined, undefined, {
    keyExpiresAt: 60_000,
    sessionEndsAt: Infinity,
  });
  const check = keys.check("show", token);
  assert.equal(check.kind === "valid" && check.key.sessionEndsAt, Infinity);
  await clock.advance(61_000);
  assert.equal(keys.check("show", token).kind, "expired");
});

Deno.test("a key is no name, and is not shown where a name would be", () => {
  const { token } = box().create("show");
  assert.equal(isValidName(token), false);
  assert.equal(shownName(token), "…");
});

Deno.test("what is kept of keys goes once they have expired", async () => {
  const clock = new FakeClock();
  const keys = box(clock);
  keys.create("show");
  await clock.advance(2 * HOUR_MS + 1000);
  keys.sweep((name) => name === "show");
  assert.equal(keys.size, 1);
  keys.sweep(() => false);
  assert.equal(keys.size, 0);
});
