/** Bits a second of each input, between two measurements. */
import assert from "node:assert/strict";
import { InputRates } from "../../../src/stat/live/input_rates.ts";

const session = (id: number, inputBytes: number) => ({ id, inputBytes });

Deno.test("a rate is what came between two measurements", () => {
  const rates = new InputRates(1000);
  assert.equal(rates.measure([session(1, 10_000)], 6000), 16_000);
  assert.equal(rates.of(1), undefined, "it may have begun a moment ago");
  assert.equal(rates.measure([session(1, 90_000), session(2, 5000)], 11_000), 136_000);
  assert.equal(rates.of(1), 128_000);
  assert.equal(rates.measure([session(2, 5000)], 16_000), 0);
  assert.deepEqual([rates.of(1), rates.of(2)], [undefined, 0]);
});

Deno.test("two measurements at once give no rate", () => {
  const rates = new InputRates(0);
  rates.measure([session(1, 0)], 0);
  assert.equal(rates.measure([session(1, 100)], 0), 0);
});
