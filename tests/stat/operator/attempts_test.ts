/** Slowing down who guesses the token, without shutting others out. */
import assert from "node:assert/strict";
import { Attempts } from "../../../src/stat/operator/attempts.ts";

Deno.test("who fails from many addresses drives out only who failed before", () => {
  const attempts = new Attempts(() => 0);
  const fail = (address: string, times: number) => {
    for (let i = 0; i < times; i++) attempts.failed(address);
  };
  fail("192.0.2.1", 10);
  for (let i = 0; i < 999; i++) attempts.failed(`10.0.${i >> 8}.${i & 255}`);
  assert.equal(attempts.exhausted("192.0.2.1"), true);
  attempts.failed("10.1.0.0");
  assert.equal(attempts.exhausted("192.0.2.1"), false);
});

Deno.test("whatever a proxy calls a client, its guesses are counted", () => {
  for (const address of ["::%:1:1:1:1:1:1:", "fe80::1%eth0", "1:2:3:4:5:6:7::", "%", ""]) {
    const attempts = new Attempts(() => 0);
    for (let i = 0; i < 10; i++) attempts.failed(address);
    assert.ok(attempts.exhausted(address), address);
  }
});
