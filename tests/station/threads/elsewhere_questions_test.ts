/** What threads ask of what other boxes have. */
import assert from "node:assert/strict";
import { SegmentUnavailable } from "../../../src/hls/origin.ts";
import {
  answerElsewhere,
  ElsewhereQuestions,
} from "../../../src/station/threads/elsewhere_questions.ts";
import type { ElsewhereQuestion } from "../../../src/station/threads/messages.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

Deno.test("answers come in whatever order, and their memory is the thread's own", async () => {
  const asked: ElsewhereQuestion[] = [];
  const questions = new ElsewhereQuestions(new FakeClock(), (question) => asked.push(question));
  const kept = new Map([["1-1-ae1.ts", Uint8Array.of(1)], ["2-1-ae1.ts", Uint8Array.of(2)]]);
  const elsewhere = {
    readElsewhere: (_: string, file: string) => Promise.resolve(kept.get(file)),
  };
  const answers = ["1-1-ae1.ts", "2-1-ae1.ts", "3-1-ae1.ts"].map((file) => {
    return questions.readElsewhere("demo", file);
  });
  for (const question of asked.toReversed()) {
    questions.take(await answerElsewhere(elsewhere, question));
  }
  const [first, second, third] = await Promise.all(answers);
  assert.deepEqual([first, second, third], [Uint8Array.of(1), Uint8Array.of(2), undefined]);
  assert.notEqual(first?.buffer, kept.get("1-1-ae1.ts")?.buffer);
});

Deno.test("what does not come in time, or is too much, cannot be had now", async () => {
  const clock = new FakeClock();
  const asked: ElsewhereQuestion[] = [];
  const questions = new ElsewhereQuestions(clock, (question) => asked.push(question));
  const late = Array.from({ length: 256 }, () => {
    return assert.rejects(questions.readElsewhere("demo", "1-1-ae1.ts"), SegmentUnavailable);
  });
  await assert.rejects(questions.readElsewhere("demo", "1-1-ae1.ts"), /too much is asked/);
  assert.equal(asked.length, 256);
  await clock.advance(5000);
  await Promise.all(late);
  const refused = assert.rejects(questions.readElsewhere("demo", "1-1-ae1.ts"), SegmentUnavailable);
  const elsewhere = {
    readElsewhere: () => Promise.reject(new SegmentUnavailable("its box does not answer")),
  };
  const [newest] = asked.slice(-1);
  assert.ok(newest !== undefined);
  questions.take(await answerElsewhere(elsewhere, newest));
  await refused;
  assert.equal(clock.timerCount, 0);
});
