/** Slowing down who guesses, without shutting others out. */
import assert from "node:assert/strict";
import { Attempts } from "../../src/web/attempts.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

function setUp() {
  const clock = new FakeClock();
  const attempts = new Attempts(clock);
  const fail = (address: string, times: number) => {
    for (let i = 0; i < times; i++) attempts.failed(address);
  };
  return { clock, attempts, fail };
}

Deno.test("who fails from many addresses drives out only who failed before", () => {
  const { attempts, fail } = setUp();
  fail("192.0.2.1", 11);
  for (let i = 0; i < 999; i++) attempts.failed(`10.0.${i >> 8}.${i & 255}`);
  assert.equal(attempts.exhausted("192.0.2.1"), true);
  attempts.failed("10.1.0.0");
  assert.equal(attempts.exhausted("192.0.2.1"), false);
});

Deno.test("who has failed ten times in a minute is answered late, and nobody else", async () => {
  const { clock, attempts, fail } = setUp();
  fail("2001:db8::1", 10);
  await attempts.slowDown("2001:db8::1");
  fail("2001:db8::2", 1);
  let answered = false;
  const slow = attempts.slowDown("2001:db8::3").then(() => answered = true);
  await attempts.slowDown("2001:db8:0:1::1");
  await clock.advance(999);
  assert.equal(answered, false);
  await clock.advance(1);
  await slow;
  await clock.advance(59_000);
  await attempts.slowDown("2001:db8::1");
  assert.equal(clock.timerCount, 0);
});

Deno.test("whatever a proxy calls a client, its guesses are counted", () => {
  for (const address of ["::%:1:1:1:1:1:1:", "fe80::1%eth0", "1:2:3:4:5:6:7::", "%", ""]) {
    const { attempts, fail } = setUp();
    fail(address, 11);
    assert.ok(attempts.exhausted(address), address);
  }
});
