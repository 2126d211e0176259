/** Choosing a free port out of a range. */
import assert from "node:assert/strict";
import { findPort } from "../../src/srt/port_range.ts";

const range = { min: 30000, max: 30009 };
const never = () => false;

Deno.test("ports are taken at random from the whole range", () => {
  const found = new Set<number | undefined>();
  for (let i = 0; i < 1000; i++) found.add(findPort(range, never, (port) => port));
  assert.equal(found.size, 10);
  assert.deepEqual([Math.min(...[...found].map(Number)), Math.max(...[...found].map(Number))], [
    range.min,
    range.max,
  ]);
});

Deno.test("the last free port is found, past ours and those of others", () => {
  for (let i = 0; i < 100; i++) {
    const tried: number[] = [];
    const port = findPort(range, (port) => port % 2 === 0, (port) => {
      tried.push(port);
      return port === 30007 ? port : undefined;
    });
    assert.equal(port, 30007);
    assert(tried.every((port) => port % 2 === 1));
  }
});

Deno.test("without a free port the search ends", () => {
  let tried = 0;
  const taken = () => {
    tried++;
    return undefined;
  };
  assert.equal(findPort(range, never, taken), undefined);
  assert.equal(tried, 10);
  tried = 0;
  assert.equal(findPort({ min: 30000, max: 49150 }, never, taken), undefined);
  assert.equal(tried, 200);
  assert.equal(findPort(range, () => true, () => assert.fail("all are ours")), undefined);
});
