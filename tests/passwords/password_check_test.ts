/**
 * Checking passwords in a worker: right answers, a bounded queue, and an event loop that goes on.
 */
import assert from "node:assert/strict";
import bcrypt from "bcryptjs";
import { type Asker, BcryptCheck } from "../../src/passwords/password_check.ts";
import { PublishRefused } from "../../src/session/ingest.ts";

const ASKER: Asker = { address: "192.0.2.1", user: "anna", wasRight: false };
const CHEAP = bcrypt.hashSync("right", 4);

Deno.test("a password is right or wrong, for every prefix that bcrypt has", async () => {
  const check = new BcryptCheck();
  try {
    for (const prefix of ["$2a$", "$2b$", "$2y$"]) {
      const hash = CHEAP.replace("$2b$", prefix);
      assert.equal(await check.verify("right", hash, ASKER), true);
      assert.equal(await check.verify("wrong", hash, ASKER), false);
    }
  } finally {
    check.close();
  }
});

Deno.test("the event loop goes on while a password is checked", async () => {
  const check = new BcryptCheck();
  try {
    await check.verify("right", CHEAP, ASKER);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    // bcrypt at this cost would keep the event loop from at least a dozen ticks.
    await check.verify("wrong", bcrypt.hashSync("right", 4).replace("$04$", "$10$"), ASKER);
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks`);
  } finally {
    check.close();
  }
});

/** Checks of `count` right passwords of one user. */
function checks(check: BcryptCheck, count: number, asker: Partial<Asker>): Promise<string>[] {
  return Array.from(
    { length: count },
    () =>
      check.verify("right", CHEAP, { ...ASKER, ...asker })
        .then(() => "checked", (error) => error instanceof PublishRefused ? "refused" : "failed"),
  );
}

/** How many there are of each. */
function count(answers: readonly string[]): Record<string, number> {
  const groups = Object.groupBy(answers, (answer) => answer);
  return Object.fromEntries(Object.entries(groups).map(([key, all]) => [key, all?.length ?? 0]));
}

Deno.test("16 checks of an address wait: then those of the user with the most give way", async () => {
  const check = new BcryptCheck();
  try {
    const greedy = checks(check, 20, { user: "mallory" });
    const anna = checks(check, 2, { user: "anna" });
    assert.deepEqual(count(await Promise.all(anna)), { checked: 2 });
    assert.deepEqual(count(await Promise.all(greedy)), { checked: 14, refused: 6 });
    assert.equal(await check.verify("right", CHEAP, ASKER), true, "and then there is room again");
  } finally {
    check.close();
  }
});

Deno.test("64 checks wait in all: then those of the address with the most give way", async () => {
  const check = new BcryptCheck();
  try {
    const all = Array.from({ length: 4 }, (_, i) => checks(check, 16, { address: `192.0.2.${i}` }));
    const late = checks(check, 2, { address: "192.0.2.99" });
    assert.deepEqual(count(await Promise.all(late)), { checked: 2 });
    assert.deepEqual(count(await Promise.all(all.flat())), { checked: 62, refused: 2 });
  } finally {
    check.close();
  }
});

Deno.test("addresses take turns, and what was right lately comes first", async () => {
  const check = new BcryptCheck();
  try {
    const order: string[] = [];
    const ask = (label: string, asker: Partial<Asker>) =>
      checks(check, 1, asker).map((answer) => answer.then(() => order.push(label)));
    const address = "192.0.2.66";
    const greedy = Array.from({ length: 4 }, (_, i) => ask(`greedy ${i}`, { address }));
    const others = [
      ask("another", {}),
      ask("another again", {}),
      ask("known", { address: "192.0.2.7", wasRight: true }),
    ];
    await Promise.all([...greedy, ...others].flat());
    assert.deepEqual(order, [
      ...["greedy 0", "known", "greedy 1", "another", "greedy 2", "another again", "greedy 3"],
    ]);
  } finally {
    check.close();
  }
});

Deno.test("after a worker that failed comes another", async () => {
  const check = new BcryptCheck();
  try {
    const failing = check.verify("right", null as unknown as string, ASKER);
    const waiting = check.verify("right", CHEAP, ASKER);
    await assert.rejects(failing, /Cannot check passwords/);
    await assert.rejects(waiting, /Cannot check passwords/);
    assert.equal(await check.verify("right", CHEAP, ASKER), true);
  } finally {
    check.close();
  }
});

Deno.test("what waits when it is closed is turned away, and so is what comes later", async () => {
  const check = new BcryptCheck();
  const isStopping = (error: unknown) =>
    error instanceof PublishRefused && error.kind === "stopping";
  const waiting = check.verify("right", CHEAP, ASKER);
  check.close();
  await assert.rejects(waiting, isStopping);
  assert.throws(() => check.verify("right", CHEAP, ASKER), isStopping);
});
