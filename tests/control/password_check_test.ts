/**
 * Checking passwords in a worker: right answers, a bounded queue, and an event loop that goes on.
 */
import assert from "node:assert/strict";
import bcrypt from "bcryptjs";
import { BcryptCheck } from "../../src/control/password_check.ts";
import { ControlError } from "../../src/control/control_error.ts";

const CHEAP = bcrypt.hashSync("right", 4);

Deno.test("a password is right or wrong, for every prefix that bcrypt has", async () => {
  const check = new BcryptCheck();
  try {
    for (const prefix of ["$2a$", "$2b$", "$2y$"]) {
      const hash = CHEAP.replace("$2b$", prefix);
      assert.equal(await check.verify("right", hash), true);
      assert.equal(await check.verify("wrong", hash), false);
    }
  } finally {
    check.close();
  }
});

Deno.test("the event loop goes on while a password is checked", async () => {
  const check = new BcryptCheck();
  try {
    await check.verify("right", CHEAP);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    // bcrypt at this cost would keep the event loop from at least a dozen ticks.
    await check.verify("wrong", bcrypt.hashSync("right", 4).replace("$04$", "$10$"));
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks`);
  } finally {
    check.close();
  }
});

Deno.test("four wait, the fifth is turned away, and then there is room again", async () => {
  const check = new BcryptCheck();
  try {
    const four = Array.from({ length: 4 }, () => check.verify("right", CHEAP));
    assert.throws(
      () => check.verify("right", CHEAP),
      (error) => error instanceof ControlError && error.status === 503,
    );
    assert.deepEqual(await Promise.all(four), [true, true, true, true]);
    assert.equal(await check.verify("right", CHEAP), true);
  } finally {
    check.close();
  }
});

Deno.test("after a worker that failed comes another", async () => {
  const check = new BcryptCheck();
  try {
    const failing = check.verify("right", null as unknown as string);
    const waiting = check.verify("right", CHEAP);
    await assert.rejects(failing, /Cannot check passwords/);
    await assert.rejects(waiting, /Cannot check passwords/);
    assert.equal(await check.verify("right", CHEAP), true);
  } finally {
    check.close();
  }
});

Deno.test("what waits when it is closed is turned away, and so is what comes later", async () => {
  const check = new BcryptCheck();
  const isStopping = (error: unknown) => error instanceof ControlError && error.status === 503;
  const waiting = check.verify("right", CHEAP);
  check.close();
  await assert.rejects(waiting, isStopping);
  assert.throws(() => check.verify("right", CHEAP), isStopping);
});
