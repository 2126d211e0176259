import assert from "node:assert/strict";
import bcrypt from "bcryptjs";
import { BcryptVerifier } from "../../src/control/bcrypt_verifier.ts";
import { ControlError } from "../../src/control/control_error.ts";

const CHEAP = bcrypt.hashSync("right", 4);

Deno.test("a password is right or wrong, for every prefix that bcrypt has", async () => {
  const verifier = new BcryptVerifier();
  try {
    for (const prefix of ["$2a$", "$2b$", "$2y$"]) {
      const hash = CHEAP.replace("$2b$", prefix);
      assert.equal(await verifier.verify("right", hash), true);
      assert.equal(await verifier.verify("wrong", hash), false);
    }
  } finally {
    verifier.close();
  }
});

Deno.test("the event loop goes on while a password is checked", async () => {
  const verifier = new BcryptVerifier();
  try {
    await verifier.verify("right", CHEAP);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    // bcrypt at this cost would keep the event loop from at least a dozen ticks.
    await verifier.verify("wrong", bcrypt.hashSync("right", 4).replace("$04$", "$10$"));
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks`);
  } finally {
    verifier.close();
  }
});

Deno.test("four wait, the fifth is turned away, and then there is room again", async () => {
  const verifier = new BcryptVerifier();
  try {
    const four = Array.from({ length: 4 }, () => verifier.verify("right", CHEAP));
    assert.throws(
      () => verifier.verify("right", CHEAP),
      (error) => error instanceof ControlError && error.status === 503,
    );
    assert.deepEqual(await Promise.all(four), [true, true, true, true]);
    assert.equal(await verifier.verify("right", CHEAP), true);
  } finally {
    verifier.close();
  }
});

Deno.test("after a worker that failed comes another", async () => {
  const verifier = new BcryptVerifier();
  try {
    const failing = verifier.verify("right", null as unknown as string);
    const waiting = verifier.verify("right", CHEAP);
    await assert.rejects(failing, /Cannot check passwords/);
    await assert.rejects(waiting, /Cannot check passwords/);
    assert.equal(await verifier.verify("right", CHEAP), true);
  } finally {
    verifier.close();
  }
});

Deno.test("what waits when it is closed is turned away, and so is what comes later", async () => {
  const verifier = new BcryptVerifier();
  const isStopping = (error: unknown) => error instanceof ControlError && error.status === 503;
  const waiting = verifier.verify("right", CHEAP);
  verifier.close();
  await assert.rejects(waiting, isStopping);
  assert.throws(() => verifier.verify("right", CHEAP), isStopping);
});
