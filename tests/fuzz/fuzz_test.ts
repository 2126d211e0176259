/** The fuzzer, a short round of each of its targets, and the inputs that once showed a fault. */
import assert from "node:assert/strict";
import { readCrashes } from "../../testing/fuzz/crashes.ts";
import { Fuzzer } from "../../testing/fuzz/fuzzer.ts";
import { Mutator } from "../../testing/fuzz/mutator.ts";
import { Random } from "../../testing/fuzz/random.ts";
import { bytesOf, type Target, textOf } from "../../testing/fuzz/target.ts";
import { TARGETS } from "../../testing/fuzz/targets.ts";

/** Enough for each parser to see all seeds and a few hundred mutations of them. */
const ROUND = 400;

for (const target of TARGETS) {
  Deno.test(`${target.name} takes whatever comes`, async () => {
    const fuzzer = new Fuzzer(target, { seed: 1, now: () => 0 });
    await fuzzer.run(() => fuzzer.inputs >= ROUND);
    assert.deepEqual(fuzzer.findings.map(({ why, input }) => [why, input.toHex()]), []);
  });

  Deno.test(`${target.name} reads a seed to its end`, async () => {
    const read = [];
    for (const seed of target.seeds()) {
      try {
        read.push(await target.run(seed));
      } catch (error) {
        assert.ok(target.errors.some((own) => error instanceof own), String(error));
      }
    }
    assert.ok(read.length > 0);
  });
}

Deno.test("inputs that once showed a fault show none", async () => {
  for (const { file, target: name, input } of await readCrashes()) {
    const target = TARGETS.find((target) => target.name === name);
    assert.ok(target !== undefined, `${file} is of a target that there is`);
    try {
      await target.run(input);
    } catch (error) {
      assert.ok(target.errors.some((own) => error instanceof own), `${file}: ${error}`);
    }
  }
});

/** Fails at texts that have an `x` behind `ab`. */
const FAULTY: Target = {
  name: "faulty",
  errors: [SyntaxError],
  tokens: ["ab", "x"],
  seeds: () => [bytesOf("a quiet text")],
  run: (input) => {
    const text = textOf(input);
    if (/ab.*x/s.test(text)) throw new TypeError("a bug");
    if (text.includes("x")) throw new SyntaxError("no x, please");
    return text.includes("ab") ? "ab" : "other";
  },
};

Deno.test("a fault is found, told once, and made short", async () => {
  const fuzzer = new Fuzzer(FAULTY, { seed: 1, now: () => 0 });
  await fuzzer.run(() => fuzzer.inputs >= 5000);
  const [finding, ...others] = fuzzer.findings;
  assert.equal(others.length, 0);
  assert.equal(finding?.kind, "exception");
  assert.match(finding?.why ?? "", /^TypeError: a bug/);
  assert.equal(textOf(finding?.input ?? new Uint8Array()), "abx");
});

Deno.test("the same seed finds the same", async () => {
  const [one, same, other] = [7, 7, 8].map((seed) => new Fuzzer(FAULTY, { seed, now: () => 0 }));
  const seen = [];
  for (const fuzzer of [one, same, other]) {
    await fuzzer?.run(() => fuzzer.findings.length > 0);
    seen.push(fuzzer?.inputs);
  }
  assert.equal(seen[0], seen[1]);
  assert.notEqual(seen[0], seen[2]);
});

Deno.test("what takes long once may be chance, and what takes long each time is a finding", async () => {
  let now = 0;
  let slowOnce = true;
  const target: Target = {
    ...FAULTY,
    run: (input) => {
      const text = textOf(input);
      if (text.includes("ab")) now += 60;
      else if (slowOnce) now += 60;
      slowOnce = false;
      return text.length;
    },
  };
  const fuzzer = new Fuzzer(target, { seed: 1, now: () => now });
  await fuzzer.run(() => fuzzer.inputs >= 500);
  assert.deepEqual(fuzzer.findings.map(({ kind, input }) => [kind, textOf(input)]), [[
    "slow",
    "ab",
  ]]);
});

Deno.test("memory that is taken at once or never freed is a finding", async () => {
  let held = 0;
  let garbage = 0;
  const target = (leak: number, take: number): Target => ({
    ...FAULTY,
    run: (input) => {
      if (textOf(input).includes("ab")) garbage += take;
      held += leak;
      return textOf(input).includes("ab") ? "ab" : "other";
    },
  });
  const memory = { used: () => held + garbage, collect: () => garbage = 0 };
  for (const [leak, take] of [[2 ** 20, 0], [0, 2 ** 27]] as const) {
    const fuzzer = new Fuzzer(target(leak, take), { seed: 1, now: () => 0, memory });
    await fuzzer.run(() => fuzzer.inputs >= 500);
    assert.deepEqual(fuzzer.findings.map(({ kind }) => kind), ["memory"]);
  }
});

Deno.test("a mutation is never longer than it may be, and changes neither of those it is made of", () => {
  const mutator = new Mutator(new Random(1), [bytesOf("token")], 100);
  const [input, other] = [new Uint8Array(80).fill(1), new Uint8Array(90).fill(2)];
  const made = Array.from({ length: 2000 }, () => mutator.mutate(input, other));
  assert.ok(made.every(({ length }) => length <= 100));
  assert.ok(input.every((byte) => byte === 1) && other.every((byte) => byte === 2));
  assert.ok(new Set(made.map((bytes) => bytes.toHex())).size > 1000);
});
