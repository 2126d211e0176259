/** Cookies that were given back count no more, and only so many are remembered. */
import assert from "node:assert/strict";
import { LIFETIME_MS } from "../../../src/stat/operator/sign_in_cookie.ts";
import { SignedOut } from "../../../src/stat/operator/signed_out.ts";

Deno.test("no cookie that was given back counts again, however many there are", () => {
  const out = new SignedOut();
  for (let i = 0; i < 5000; i++) out.add(i + LIFETIME_MS, i);
  for (let i = 0; i < 5000; i++) assert.ok(out.has(i + LIFETIME_MS), `${i}`);
  assert.ok(!out.has(5000 + LIFETIME_MS), "one that is given out later counts");
});

Deno.test("a cookie that has ended is forgotten, and makes room", () => {
  const out = new SignedOut();
  for (let i = 0; i < 1000; i++) out.add(i, -1);
  out.add(5000, 2000);
  assert.ok(!out.has(4000), "not all count as given back");
});
