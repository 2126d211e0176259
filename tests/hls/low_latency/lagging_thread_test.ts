/** A thread that has not got yet what listeners of another thread know already. */
import assert from "node:assert/strict";
import type { Asked } from "../../../testing/hls/low_listener.ts";
import { filesOf, later, reloadFor, status, TwoThreads } from "../../../testing/hls/two_threads.ts";

const MASTER = "low.m3u8";
const MEDIA = "low-media.m3u8";

Deno.test("what another thread has listed is there, of whatever version", async () => {
  const threads = await TwoThreads.start();
  const { behind, thread } = threads;
  await threads.play(200);
  await threads.play(200, 44_100);
  const listed = filesOf(await threads.newest());
  assert.ok(listed.some((file) => file.startsWith("init-")));
  const asked = listed.map((file) => behind.ask(file));
  await threads.broadcast.clock.advance(0);
  assert.equal(thread.questions, 1, "all of them ask once");
  assert.deepEqual(await threads.answers(asked), listed.map(() => 200));
  assert.equal(thread.waiting, 0);
  await threads.stop();
});

Deno.test("what another thread has hinted at is waited for, and nothing else", async () => {
  const threads = await TwoThreads.start();
  const { behind, thread } = threads;
  await threads.play(50);
  const { hint = "" } = await threads.newest();
  const asked = behind.ask(hint);
  const others = [later(hint, 1), hint.replace(/\d+\.m4s$/, "7.m4s")].map((file) =>
    behind.ask(file)
  );
  assert.deepEqual(await threads.answers(others), [404, 404]);
  assert.equal(status(asked), undefined);
  assert.equal(thread.waiting, 1);
  await threads.play(16);
  assert.deepEqual(await threads.answers([asked]), [200]);
  await threads.stop();
});

Deno.test("a version that another thread may be asked for is waited for, however far it is from here", async () => {
  const threads = await TwoThreads.start();
  const { behind } = threads;
  await threads.play(5 * 47);
  const { hint, segments } = await threads.newest();
  const last = segments.flatMap(({ parts }) => parts).at(-1)?.uri;
  const next = behind.ask(reloadFor(hint));
  const others = [reloadFor(last), reloadFor(hint, 9), reloadFor(later(hint, 2))];
  const statuses = await threads.answers(others.map((file) => behind.ask(file)));
  assert.deepEqual(statuses, [200, 400, 400]);
  assert.equal(status(next), undefined);
  await threads.play(16);
  assert.deepEqual(await threads.answers([next]), [200]);
  assert.ok((await next.answer?.text())?.includes(`URI="${hint}"`));
  await threads.stop();
});

Deno.test("a broadcast that the thread does not know yet is there, with all of its files", async () => {
  const threads = await TwoThreads.startApart();
  const { behind } = threads;
  const playlist = await threads.newest();
  const files = [MASTER, MEDIA, ...filesOf(playlist)];
  const next = [reloadFor(playlist.hint), playlist.hint ?? ""].map((file) => behind.ask(file));
  const asked = files.map((file) => behind.ask(file));
  assert.deepEqual(await threads.answers(asked), files.map(() => 200));
  // What comes next is waited for; on a busy machine it has come by now.
  assert.ok(next.map(status).every((answered) => [undefined, 200].includes(answered)));
  await threads.play(16);
  assert.deepEqual(await threads.answers(next), [200, 200]);
  await threads.stop();
});

Deno.test("who asks for what cannot be is told so without a question", async () => {
  const threads = await TwoThreads.start();
  const { behind, thread } = threads;
  const { segments, hint = "" } = await threads.newest();
  const files = [
    ...[later(hint, 20), later(hint, -2000), hint.replace(/-\w+\./, "-0x0."), "1-1-a.0.m4s"],
    hint.replace(/\d+\.m4s$/, "900.m4s"),
    (segments[0]?.whole?.uri ?? "").replace(/-(\d+)-/, "-1700000000-"),
  ];
  const asked = files.map((file) => behind.ask(file));
  const queries = ["_HLS_part=1", "_HLS_msn=x", "_HLS_msn=999999999999999"];
  queries.push(reloadFor(later(hint, 20)).replace(/^.*\?/, ""), reloadFor(hint, 900).split("?")[1]);
  const refused = queries.map((query) => behind.ask(`${MEDIA}?${query}`));
  await threads.broadcast.clock.advance(0);
  assert.deepEqual(asked.map(status), files.map(() => 404));
  assert.deepEqual(refused.map(status), queries.map(() => 400));
  assert.equal(thread.questions, 0);
  await threads.stop();
});

Deno.test("however many ask for what may be there, the thread asks twenty times in a second", async () => {
  const threads = await TwoThreads.start();
  const { behind, thread, broadcast } = threads;
  const { hint = "" } = await threads.newest();
  const asked: Asked[] = [];
  for (let i = 0; i < 1000; i++) {
    const file = later(hint, 5 + i % 5);
    asked.push(behind.ask(file), behind.ask(reloadFor(file)));
    await broadcast.clock.advance(1);
    thread.deliver();
  }
  assert.deepEqual(new Set(await threads.answers(asked)), new Set([404, 400]));
  assert.ok(thread.questions <= 21, `${thread.questions} questions`);
  await threads.stop();
});

Deno.test("the answer to an earlier question does not count for who came later", async () => {
  const threads = await TwoThreads.start();
  const { behind, thread, broadcast } = threads;
  const { hint } = await threads.newest();
  const early = behind.ask(later(hint, 1));
  await broadcast.clock.advance(0);
  assert.deepEqual(thread.held, ["caughtUp"]);
  await threads.play(50);
  const late = behind.ask((await threads.newest()).segments.at(-1)?.parts.at(-1)?.uri ?? "");
  thread.deliver(1);
  await broadcast.clock.advance(0);
  assert.deepEqual([early, late].map(status), [404, undefined]);
  assert.deepEqual(await threads.answers([late]), [200]);
  assert.equal(thread.questions, 2);
  await threads.stop();
});

Deno.test("a source that does not answer keeps nobody for long", async () => {
  const threads = await TwoThreads.start();
  const { behind, thread, broadcast } = threads;
  const { hint, segments } = await threads.newest();
  const unwritten = behind.ask(segments[0]?.whole?.uri ?? "");
  const [part, reload] = [behind.ask(later(hint, 1)), behind.ask(reloadFor(hint, 20))];
  await broadcast.clock.advance(4000);
  assert.deepEqual([unwritten, part, reload].map(status), [undefined, 404, 503]);
  await broadcast.clock.advance(6000);
  assert.equal(status(unwritten), 503);
  assert.equal(reload.answer?.headers.get("Cache-Control"), "no-store");
  assert.equal(thread.waiting, 0);
  await threads.stop();

  const apart = await TwoThreads.startApart();
  apart.thread.deliver();
  const first = apart.behind.ask(MEDIA);
  await apart.broadcast.clock.advance(15_000);
  assert.equal(status(first), 503);
  await apart.stop();
});

Deno.test("nobody is kept where the server stops, the name goes or the listener leaves", async () => {
  for (const why of ["stop", "end", "leave"] as const) {
    const threads = await TwoThreads.start();
    const { behind, thread, broadcast } = threads;
    const { hint } = await threads.newest();
    const leaver = new AbortController();
    const { signal } = leaver;
    const asked = [
      behind.ask(later(hint, 1), { signal }),
      behind.ask(reloadFor(hint, 9), { signal }),
    ];
    await broadcast.clock.advance(0);
    assert.equal(thread.waiting, 2);
    if (why === "stop") thread.dismiss();
    if (why === "leave") leaver.abort();
    if (why === "end") {
      threads.end();
      await threads.answers(asked);
    }
    await broadcast.clock.advance(0);
    assert.deepEqual(asked.map(status), why === "end" ? [404, 404] : [404, 503], why);
    assert.equal(thread.waiting, 0);
    await threads.stop();
  }
});

Deno.test("while too many wait nobody else waits to be told all", async () => {
  const threads = await TwoThreads.start();
  const { behind, thread, broadcast } = threads;
  const { hint } = await threads.newest();
  const all = Array.from({ length: 10_000 }, () => thread.catchUp());
  const [part, reload] = [behind.ask(later(hint, 1)), behind.ask(reloadFor(hint, 9))];
  await broadcast.clock.advance(0);
  assert.deepEqual([part, reload].map(status), [404, 503]);
  await threads.settle();
  assert.ok((await Promise.all(all)).every((isAll) => isAll));
  await threads.stop();
});
