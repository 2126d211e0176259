/** Which DJs are let in by what they show, and who has to wait for an answer. */
import assert from "node:assert/strict";
import { DjAuthority } from "../../src/dj/dj_authority.ts";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { parseDjs } from "../../src/dj/dj_list.ts";
import type { Asker, PasswordCheck } from "../../src/passwords/password_check.ts";
import type { Question, ShownCredentials } from "../../src/session/authority.ts";
import { PublishRefused } from "../../src/session/ingest.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

const TAIL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.";
const ANNA = `anna:${hashOfDjKey("annas-key")}:morning,evening*`;
const BEN = `ben:$2b$10$${TAIL}:night`;

/** Lets `KEY` pass for every hash, once it is told to answer. */
class FakePasswords implements PasswordCheck {
  readonly asked: (string | undefined)[] = [];
  hold: Promise<void> | undefined;
  constructor(readonly right: string) {}
  async verify(password: string, _hash: string, { user }: Asker): Promise<boolean> {
    this.asked.push(user);
    await this.hold;
    return password === this.right;
  }
  prepare(): void {}
  close(): void {}
}

function setUp(...lines: readonly string[]) {
  const clock = new FakeClock();
  const passwords = new FakePasswords("bens-key");
  const authority = new DjAuthority({ clock, passwords });
  authority.replace(parseDjs(lines.join("\n"), "djs"));
  return { authority, clock, passwords };
}

function question(credentials: ShownCredentials, name = "morning", from = {}): Question {
  return { name, protocol: "rtmp", address: "192.0.2.1", credentials, ...from };
}

/** What becomes of a question: the DJ, or why not, as soon as it is known. */
async function answerTo(authority: DjAuthority, asked: Question): Promise<string> {
  try {
    return `${(await authority.ask(asked)).dj} may`;
  } catch (error) {
    assert.ok(error instanceof PublishRefused);
    return `${error.kind}: ${error.message}`;
  }
}

for (
  const [what, credentials] of [
    ["user and key", { user: "anna", key: "annas-key" }],
    ["both in the place of the key", { key: "anna:annas-key" }],
    ["both there, and another user beside", { user: "dj", key: "anna:annas-key" }],
    ["Basic credentials", { authorization: `Basic ${btoa("anna:annas-key")}` }],
  ] satisfies [string, ShownCredentials][]
) {
  Deno.test(`a DJ is let in by ${what}, under his names alone`, async () => {
    const { authority } = setUp(ANNA);
    assert.equal(await answerTo(authority, question(credentials)), "anna may");
    assert.equal(await answerTo(authority, question(credentials, "evening-2")), "anna may");
    assert.equal(
      await answerTo(authority, question(credentials, "night")),
      "not-allowed: Cannot publish night: anna may not publish this name",
    );
  });
}

for (
  const [what, credentials, why] of [
    ["a wrong key", { user: "anna", key: "x" }, "not-allowed: .* the user or the key is wrong"],
    [
      "a stranger",
      { user: "eve", key: "annas-key" },
      "not-allowed: .* the user or the key is wrong",
    ],
    [
      "a key alone",
      { key: "annas-key" },
      "key-required: .* a DJ's user and key are needed, as USER:KEY",
    ],
    ["nothing", {}, "key-required: .* a DJ's user and key are needed, as USER:KEY"],
    [
      "a user alone",
      { user: "anna" },
      "key-required: .* a DJ's user and key are needed, as USER:KEY",
    ],
    ["Bearer", { authorization: "Bearer annas-key" }, "key-required: .*"],
  ] satisfies [string, ShownCredentials, string][]
) {
  Deno.test(`${what} is refused, in words, and where possible at once`, async () => {
    const { authority } = setUp(ANNA);
    const asked = question(credentials);
    assert.match(await answerTo(authority, asked), new RegExp(`^${why}$`));
    assert.throws(() => authority.check(asked), PublishRefused);
  });
}

Deno.test("whom it lets in, it lets pass at once, and recognizes what he typed", () => {
  const { authority } = setUp(ANNA);
  const shown = { user: "anna", key: "annas-key" };
  authority.check(question(shown));
  assert.ok(authority.recognizes({ name: "morning", ...shown }));
  assert.ok(!authority.recognizes({ name: "night", ...shown }));
  assert.ok(!authority.recognizes({ name: "morning", user: "anna", key: "x" }));
  assert.throws(() => authority.check(question(shown, "night")), /anna may not publish this name/);
});

Deno.test("after ten wrong keys an address gets its refusals late, and its right DJ none", async () => {
  const { authority, clock } = setUp(ANNA);
  const wrong = question({ user: "anna", key: "guess" });
  for (let i = 0; i < 10; i++) assert.match(await answerTo(authority, wrong), /is wrong/);
  let answer: string | undefined;
  const late = answerTo(authority, wrong).then((text) => answer = text);
  assert.equal(await answerTo(authority, question({ key: "anna:annas-key" })), "anna may");
  assert.equal(answer, undefined);
  // A caller of SRT has to be let pass to be answered late.
  authority.check(wrong);
  const elsewhere = { ...wrong, address: "192.0.2.2" };
  assert.match(await answerTo(authority, elsewhere), /is wrong/);
  await clock.advance(1000);
  assert.match(await late, /is wrong/);
});

Deno.test("callers that are refused in the handshake count too", async () => {
  const { authority, clock } = setUp(ANNA);
  const wrong = question({ user: "anna", key: "guess" });
  for (let i = 0; i < 11; i++) assert.throws(() => authority.check(wrong), PublishRefused);
  authority.check(wrong);
  const late = answerTo(authority, wrong);
  await clock.advance(1000);
  assert.match(await late, /is wrong/);
});

Deno.test("a password with a bcrypt hash is compared once in five minutes, and a stranger's too", async () => {
  const { authority, clock, passwords } = setUp(ANNA, BEN);
  const asked = question({ user: "ben", key: "bens-key" }, "night");
  authority.check(asked);
  for (let i = 0; i < 3; i++) assert.equal(await answerTo(authority, asked), "ben may");
  assert.deepEqual(passwords.asked, ["ben"]);
  assert.match(await answerTo(authority, question({ user: "eve", key: "bens-key" })), /is wrong/);
  assert.deepEqual(passwords.asked, ["ben", undefined]);
  await clock.advance(5 * 60_000);
  assert.equal(await answerTo(authority, asked), "ben may");
  assert.deepEqual(passwords.asked, ["ben", undefined, "ben"]);
});

Deno.test("who is removed while his password is compared is not let in", async () => {
  const { authority, passwords } = setUp(ANNA, BEN);
  const { promise, resolve } = Promise.withResolvers<void>();
  passwords.hold = promise;
  const asked = answerTo(authority, question({ user: "ben", key: "bens-key" }, "night"));
  authority.replace(parseDjs(ANNA, "djs"));
  resolve();
  assert.match(await asked, /is wrong/);
});

Deno.test("a key that was replaced is wrong at once, also one that was found right", async () => {
  const { authority, passwords } = setUp(BEN);
  const asked = question({ user: "ben", key: "bens-key" }, "night");
  assert.equal(await answerTo(authority, asked), "ben may");
  authority.replace(parseDjs(`ben:${hashOfDjKey("new")}:night`, "djs"));
  assert.match(await answerTo(authority, asked), /is wrong/);
  assert.equal(passwords.asked.length, 1);
});

Deno.test("a change of others' lines forgets nobody whose password was found right", async () => {
  const { authority, passwords } = setUp(BEN);
  const asked = question({ user: "ben", key: "bens-key" }, "night");
  assert.equal(await answerTo(authority, asked), "ben may");
  authority.replace(parseDjs([ANNA, BEN].join("\n"), "djs"));
  assert.equal(await answerTo(authority, asked), "ben may");
  assert.deepEqual(passwords.asked, ["ben"]);
});

Deno.test("a password is compared anew where another bcrypt hash took the place of its own", async () => {
  const { authority, passwords } = setUp(BEN);
  const asked = question({ user: "ben", key: "bens-key" }, "night");
  assert.equal(await answerTo(authority, asked), "ben may");
  authority.replace(parseDjs(BEN.replace(TAIL, [...TAIL].reverse().join("")), "djs"));
  assert.equal(await answerTo(authority, asked), "ben may");
  assert.deepEqual(passwords.asked, ["ben", "ben"]);
});

Deno.test("a thousand DJs of one address are let in without any waiting", async () => {
  const users = Array.from({ length: 1000 }, (_, i) => `dj${i}`);
  const { authority, passwords } = setUp(
    ...users.map((user) => `${user}:${hashOfDjKey(`key of ${user}`)}:${user}`),
  );
  const answers = await Promise.all(users.map((user) => {
    return answerTo(authority, question({ user, key: `key of ${user}` }, user));
  }));
  assert.deepEqual(answers, users.map((user) => `${user} may`));
  assert.deepEqual(passwords.asked, []);
});
