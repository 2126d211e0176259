/** How often the bucket is asked what is there, and what this box knows without asking. */
import assert from "node:assert/strict";
import type { BucketCopy } from "../../src/record/bucket_copies.ts";
import { RecordingsList } from "../../src/storage/recordings_list.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

function copy(name: string, startTime = 0): BucketCopy {
  return { file: `${name}.19700101T000000Z.mp4`, name, startTime, bytes: 1 };
}

/** A list of a bucket that answers when it is told to. */
class Bucket {
  readonly clock = new FakeClock();
  #answers: PromiseWithResolvers<readonly BucketCopy[]>[] = [];
  readonly list = new RecordingsList(this.clock, async (take) => {
    const answer = Promise.withResolvers<readonly BucketCopy[]>();
    this.#answers.push(answer);
    take(await answer.promise);
  });

  /** How often it was asked. */
  get asked(): number {
    return this.#answers.length;
  }

  /** Names of what the list has, for which the bucket takes so long where it is asked. */
  async read(there: readonly BucketCopy[], tookMs = 0): Promise<string[]> {
    const reading = this.list.read();
    await this.clock.advance(tookMs);
    this.#answers.at(-1)?.resolve(there);
    await reading;
    await this.clock.advance(0);
    return (await this.list.read()).map(({ name }) => name);
  }
}

for (
  const { tookMs, freshMs } of [
    { tookMs: 10, freshMs: 10_000 },
    { tookMs: 2000, freshMs: 40_000 },
    { tookMs: 60_000, freshMs: 600_000 },
  ]
) {
  Deno.test(`a list that took ${tookMs} ms is asked for again after ${freshMs} ms`, async () => {
    const bucket = new Bucket();
    assert.deepEqual(await bucket.read([copy("a")], tookMs), ["a"]);
    await bucket.clock.advance(freshMs - 1);
    assert.deepEqual(await bucket.read([]), ["a"]);
    assert.equal(bucket.asked, 1);
    await bucket.clock.advance(1);
    assert.deepEqual(await bucket.read([]), []);
    assert.equal(bucket.asked, 2);
  });
}

Deno.test("a list that cannot be had is asked for again after ten seconds", async () => {
  const clock = new FakeClock();
  let asked = 0;
  const list = new RecordingsList(clock, async () => {
    asked++;
    await clock.advance(4000);
    throw new Error("gone");
  });
  assert.deepEqual(await list.read(), []);
  await clock.advance(9999);
  await list.read();
  assert.equal(asked, 1);
  await clock.advance(1);
  await list.read();
  assert.equal(asked, 2);
});

Deno.test("what this box adds and deletes is known without asking", async () => {
  const bucket = new Bucket();
  assert.deepEqual(await bucket.read([copy("a", 1), copy("b", 2)]), ["b", "a"]);
  bucket.list.change(copy("c").file, copy("c", 3));
  bucket.list.change(copy("a").file, undefined);
  assert.deepEqual(await bucket.read([]), ["c", "b"]);
  assert.equal(bucket.asked, 1);
});

Deno.test("what it changes while the store answers is not lost with the answer", async () => {
  const bucket = new Bucket();
  const reading = bucket.list.read();
  bucket.list.change(copy("c").file, copy("c", 3));
  bucket.list.change(copy("a").file, undefined);
  assert.deepEqual(await bucket.read([copy("a", 1), copy("b", 2)]), ["c", "b"]);
  await reading;
});
