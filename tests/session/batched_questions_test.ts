/** Many questions in few messages. */
import assert from "node:assert/strict";
import { BatchedQuestions } from "../../src/session/batched_questions.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

function setUp(maxAsked = 3, maxWaiting = 5) {
  const clock = new FakeClock();
  const asked: (readonly number[])[] = [];
  const ask = (questions: readonly number[]) => asked.push(questions);
  const questions = new BatchedQuestions<number, string>({ clock, ask, maxAsked, maxWaiting });
  return { clock, asked, questions };
}

Deno.test("the first question is asked at once, and those that come meanwhile together", async () => {
  const { clock, asked, questions } = setUp();
  const replies = [1, 2, 3, 4, 5].map((question) => questions.ask(question));
  assert.deepEqual(asked, [[1]]);
  questions.take(["one"]);
  assert.deepEqual(asked, [[1]], "not so soon");
  await clock.advance(50);
  assert.deepEqual(asked, [[1], [2, 3, 4]]);
  await clock.advance(1000);
  assert.deepEqual(asked, [[1], [2, 3, 4]], "the answers are not there yet");
  questions.take(["two", "three", "four"]);
  assert.deepEqual(asked, [[1], [2, 3, 4], [5]]);
  questions.take(["five"]);
  assert.deepEqual(await Promise.all(replies), ["one", "two", "three", "four", "five"]);
});

Deno.test("so many may wait, and whoever comes then is told so", () => {
  const { questions } = setUp();
  for (let question = 0; question < 6; question++) {
    assert.notEqual(questions.ask(question), undefined);
  }
  assert.equal(questions.ask(6), undefined);
});

Deno.test("nobody waits for an answer that does not come any more", async () => {
  const { clock, questions } = setUp();
  const replies = [1, 2].map((question) => questions.ask(question));
  questions.close();
  assert.deepEqual(await Promise.all(replies), [undefined, undefined]);
  assert.equal(clock.timerCount, 0);
});
