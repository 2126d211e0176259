/** Titles as clients tell them at the source port. */
import assert from "node:assert/strict";
import { PublishRefused } from "../../src/session/ingest.ts";
import { basic, DialogueHarness } from "../../testing/icecast/dialogue_harness.ts";

const CREDENTIALS = basic("source", "sesame");

/** What is heard once `query` came, by Icecast. */
function told(query: string): readonly [title?: string | undefined, artist?: string | undefined] {
  const harness = new DialogueHarness();
  harness.feed(
    `GET /admin/metadata?mode=updinfo&mount=/demo&${query} HTTP/1.0\r\n${CREDENTIALS}\r\n`,
  );
  const [title] = harness.titles;
  if (title === undefined) return [];
  assert.deepEqual([title.target.name, title.target.user, title.target.key], [
    "demo",
    "source",
    "sesame",
  ]);
  return [title.tags.title, title.tags.artist];
}

const texts: Record<string, readonly [query: string, title?: string, artist?: string]> = {
  "a song, percent-encoded": ["song=Nina%20Simone%20-%20Sinnerman", "Nina Simone - Sinnerman"],
  "a song as forms write it": ["song=Nina+Simone+-+Sinnerman", "Nina Simone - Sinnerman"],
  "a plus sign beside spaces": ["song=C+C%20Music%20Factory", "C+C Music Factory"],
  "spaces that are not encoded": ["song=A B - C", "A B - C"],
  "artist and title": ["artist=Nina&title=Sinnerman&song=x", "Sinnerman", "Nina"],
  "an artist and a song": ["artist=Nina&song=Sinnerman", "Sinnerman", "Nina"],
  "empty artist and title": ["artist=&title=&song=Sinnerman", "Sinnerman"],
  "UTF-8": ["song=%C3%9Cber%20%E6%97%A5%E6%9C%AC", "Über 日本"],
  "windows-1252": ["song=%DCber%20%9Cuvre%80", "Über œuvre€"],
  "Latin-1 by name": ["charset=ISO-8859-1&song=%DC", "Ü"],
  "windows-1251 by name": ["song=%CF%F0%E8%E2%E5%F2&charset=windows-1251", "Привет"],
  "Shift_JIS by name": ["song=%93%FA%96%7B&charset=Shift_JIS", "日本"],
  "UTF-16 by name": ["song=%E5%65%2C%67&charset=UTF-16LE", "日本"],
  "a charset that nobody knows": ["song=%C3%9C&charset=klingon", "Ü"],
  "a charset that is not the one": ["song=%DC&charset=utf-8", "Ü"],
  "bytes as they are": ["song=\xc3\x9c", "Ü"],
  "control characters and marks": ["song=a%0d%0aSet-Cookie:%20b%E2%80%AE%00", "a Set-Cookie: b"],
  "nothing": ["song="],
};

for (const [what, [query, title, artist]] of Object.entries(texts)) {
  Deno.test(`a title: ${what}`, () => assert.deepEqual(told(query), [title, artist]));
}

Deno.test("a title longer than 256 characters is cut between characters", () => {
  const [title = ""] = told(`song=${"%F0%9F%8E%B5".repeat(300)}`);
  assert.equal(title, "🎵".repeat(256));
});

Deno.test("an update is answered as Icecast does, once it counts", () => {
  const harness = new DialogueHarness();
  harness.feed(
    `GET /admin/metadata?mode=updinfo&mount=%2Fdemo&song=x HTTP/1.1\r\n${CREDENTIALS}\r\n`,
  );
  assert.equal(harness.answers, "");
  harness.dialogue.tagged(true);
  assert.deepEqual(harness.statuses, [200]);
  assert.match(
    harness.answers,
    /<iceresponse><message>Metadata update successful<\/message><return>1<\/return><\/iceresponse>/,
  );
  assert.equal(harness.dialogue.state, "head");
});

Deno.test("what comes behind an update waits for its answer", () => {
  const harness = new DialogueHarness();
  harness.feed(
    `GET /admin/metadata?mode=updinfo&mount=/demo&song=x HTTP/1.1\r\n${CREDENTIALS}\r\n`,
  );
  harness.feed("OPTIONS * HT", "TP/1.1\r\n\r\n");
  assert.equal(harness.answers, "");
  harness.dialogue.tagged(true);
  assert.deepEqual(harness.statuses, [200, 200]);
});

Deno.test("an update for a broadcast that is not there is answered 400, as by Icecast", () => {
  const harness = new DialogueHarness();
  harness.feed(
    `GET /admin/metadata?mode=updinfo&mount=/demo&song=x HTTP/1.0\r\n${CREDENTIALS}\r\n`,
  );
  harness.dialogue.tagged(false);
  assert.deepEqual(harness.statuses, [400]);
  assert.match(harness.answers, /<return>0<\/return>/);
});

Deno.test("an update by somebody who may not publish is refused", () => {
  const harness = new DialogueHarness();
  harness.feed(
    `GET /admin/metadata?mode=updinfo&mount=/demo&song=x HTTP/1.0\r\n${CREDENTIALS}\r\n`,
  );
  harness.dialogue.refuse(new PublishRefused("key-unknown", "the key is wrong"));
  assert.deepEqual(harness.statuses, [401]);
});

Deno.test("an update without a password is asked for one, and the connection stays", () => {
  const harness = new DialogueHarness();
  harness.feed("GET /admin/metadata?mode=updinfo&mount=/demo&song=x HTTP/1.1\r\n\r\n");
  assert.deepEqual(harness.statuses, [401]);
  assert.equal(harness.dialogue.state, "head");
  assert.deepEqual(harness.titles, []);
});

for (const query of ["mode=updinfo&song=x", "mode=kill&mount=/demo&song=x"]) {
  Deno.test(`an update by ${query} is answered 400`, () => {
    const harness = new DialogueHarness();
    harness.feed(`GET /admin/metadata?${query} HTTP/1.0\r\n${CREDENTIALS}\r\n`);
    assert.deepEqual(harness.statuses, [400]);
  });
}

Deno.test("an update that tells no title is answered as one, and changes nothing", () => {
  const harness = new DialogueHarness();
  const query = "mode=updinfo&mount=/demo&url=http://radio.example";
  harness.feed(`GET /admin/metadata?${query} HTTP/1.0\r\n${CREDENTIALS}\r\n`);
  assert.deepEqual(harness.statuses, [200]);
  assert.deepEqual(harness.titles, []);
});

Deno.test("metadata of 1 MB is answered 431", () => {
  const harness = new DialogueHarness();
  const song = "x".repeat(1_000_000);
  harness.feed(`GET /admin/metadata?mode=updinfo&mount=/demo&song=${song} HTTP/1.0\r\n\r\n`);
  assert.deepEqual(harness.statuses, [431]);
  assert.deepEqual(harness.titles, []);
});

const passwords: Record<string, readonly [string, string | undefined, string | undefined]> = {
  "demo:sesame": ["demo", undefined, "sesame"],
  "demo:anna:sesame": ["demo", "anna", "sesame"],
  "demo": ["demo", undefined, undefined],
};

for (const [password, [name, user, key]] of Object.entries(passwords)) {
  Deno.test(`Shoutcast's update with the password ${password}`, () => {
    const harness = new DialogueHarness();
    harness.feed(`GET /admin.cgi?mode=updinfo&pass=${password}&song=A%20B HTTP/1.0\r\n`);
    harness.feed("User-Agent: (Mozilla Compatible)\r\n\r\n");
    const [{ target, tags } = assert.fail()] = harness.titles;
    assert.deepEqual([target.name, target.user, target.key], [name, user, key]);
    assert.equal(tags.title, "A B");
  });
}

Deno.test("a plus sign in the password of Shoutcast's update is one, or a space", () => {
  const forms = { "demo:a+b": ["a+b", "a b"], "demo:a%2Bb": ["a+b"], "demo%3Aa%20b": ["a b"] };
  for (const [password, keys] of Object.entries(forms)) {
    const harness = new DialogueHarness();
    harness.feed(`GET /admin.cgi?mode=updinfo&pass=${password}&song=x HTTP/1.0\r\n\r\n`);
    const [{ target } = assert.fail()] = harness.titles;
    const readings = [target, ...target.others].filter(({ name }) => name === "demo");
    assert.deepEqual(readings.map(({ key }) => key), keys, password);
  }
});

const refused = new PublishRefused("not-allowed", "Cannot publish hackme: it is not allowed");

Deno.test("a password that names no broadcast is not told as a name", () => {
  const harness = new DialogueHarness();
  harness.feed(`GET /admin.cgi?mode=updinfo&pass=hackme&song=x HTTP/1.0\r\n\r\n`);
  harness.dialogue.refuse(refused);
  assert.equal(harness.dialogue.end?.why, "Cannot publish …: it is not allowed");
  const named = new DialogueHarness();
  named.feed(`GET /admin.cgi?mode=updinfo&pass=x&mount=/hackme&song=x HTTP/1.0\r\n\r\n`);
  named.dialogue.refuse(refused);
  assert.equal(named.dialogue.end?.why, refused.message);
});
