/** Prepared answers that no socket takes at once: others, slow readers and a stop in their middle. */
import assert from "node:assert/strict";
import { ASKED_BEFORE, SharedFiles, warmClient } from "../../testing/http/shared_fixture.ts";
import { openMemoryFiles } from "../../testing/listening/memory_files.ts";
import { until } from "../../testing/until.ts";

const HOST = "Host: echo\r\n";
/** What no socket takes at once. */
const LARGE = new Uint8Array(6_000_000).map((_, i) => 0x61 + i % 26);

Deno.test("an answer that is still being written does not change, and others have their own date", async () => {
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const warm = await warmClient(fixture, "/large");
  warm[Symbol.dispose]();
  const dates: string[] = [];
  const clients = [];
  for (let i = 0; i < 3; i++) {
    const client = await fixture.connect();
    clients.push(client);
    const before = files.handled.length + files.observed.length;
    await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`.repeat(i === 2 ? 1 : 2));
    await until("it is asked", () => files.handled.length + files.observed.length > before);
    dates.push(new Date(fixture.clock.now()).toUTCString());
    await fixture.clock.advance(1000);
  }
  for (const [i, client] of clients.entries()) {
    const [answer = ""] = await client.answers(1);
    assert.match(answer, new RegExp(`\r\ndate: ${dates[i]}\r\n`));
    assert.equal(answer.length - answer.indexOf("\r\n\r\n") - 4, LARGE.length);
  }
});

Deno.test("an answer that goes out in many parts arrives whole", async () => {
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/large");
  const before = files.handled.length;
  await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
  const answer = (await client.answers(ASKED_BEFORE + 3)).at(-1) ?? "";
  assert.ok(answer.endsWith(`\r\n\r\n${new TextDecoder().decode(LARGE)}`));
  assert.equal(files.handled.length, before);
});

Deno.test("who leaves in the middle of an answer leaves nothing behind, and others get theirs", async () => {
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const [one, other] = [await warmClient(fixture, "/large"), await warmClient(fixture, "/large")];
  const before = files.observed.length;
  for (const client of [one, other]) await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
  await until("both are being answered", () => files.observed.length === before + 2);
  one[Symbol.dispose]();
  await until("one has gone", () => fixture.counts.count === 1);
  assert.equal((await other.answers(ASKED_BEFORE + 3)).length, ASKED_BEFORE + 3);
});

Deno.test("a large body is held once more by the system, however many ask for it at once", async () => {
  const body = LARGE.slice(0, 100_000);
  const files = new SharedFiles({ "/large": body });
  const before = openMemoryFiles();
  {
    await using fixture = files.serve();
    const clients = await Promise.all(Array.from({ length: 8 }, () => fixture.connect()));
    for (let round = 0; round < 3; round++) {
      for (const client of clients) await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
      for (const client of clients) await client.answers(round + 1);
    }
    assert.equal(openMemoryFiles(), before + 1);
    const text = new TextDecoder().decode(body);
    for (const client of clients) {
      for (const answer of await client.answers(3)) assert.ok(answer.endsWith(`\r\n\r\n${text}`));
    }
  }
  assert.equal(openMemoryFiles(), before);
});

Deno.test("a reader that takes nothing of an answer is cut off after 20 s", async () => {
  const files = new SharedFiles({ "/large": LARGE.slice(0, 900_000) });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/large");
  const before = files.observed.length;
  await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`.repeat(40));
  let [seconds, takenAt, taken] = [0, 0, before];
  await until("it is cut off", async () => {
    if (files.observed.length > taken) [taken, takenAt] = [files.observed.length, seconds];
    await fixture.clock.advance(1000);
    seconds++;
    return fixture.counts.count === 0;
  });
  assert.ok(taken < before + 40);
  assert.ok(seconds - takenAt >= 20, `after ${seconds - takenAt} s`);
  assert.equal(fixture.counts.refused.get("late"), 1);
});

Deno.test("a server that stops lets an answer finish that is being written", async () => {
  const ASKED = 10;
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/large");
  const before = files.observed.length;
  await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`.repeat(ASKED));
  await until("it is being answered", () => files.observed.length > before);
  const closed = fixture.server.close();
  // The system may hold some that are written.
  const begun = files.observed.length - before;
  assert.ok(begun < ASKED);
  const answers = await client.answers(ASKED_BEFORE + 2 + ASKED);
  assert.equal(answers.length, ASKED_BEFORE + 2 + begun);
  await fixture.clock.advance(1000);
  await closed;
});

Deno.test("a server that stops ends a connection once its answer is read, also where it was prepared", async () => {
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/large");
  await client.answers(ASKED_BEFORE + 2);
  const before = files.observed.length;
  await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
  await until("it is being answered", () => files.observed.length > before);
  const closed = fixture.server.close();
  // No time passes here: it does not wait until answers have had their time.
  await client.all();
  assert.equal((await client.answers(ASKED_BEFORE + 3)).length, ASKED_BEFORE + 3);
  await closed;
});
