/** Tests of how heads are recognised that are as the last one was. */
import assert from "node:assert/strict";
import { RequestReader } from "../../src/http/request_reader.ts";
import { bytesOf } from "../../testing/http/read_requests.ts";

const FIELDS = "Host: echo\r\nUser-Agent: a player\r\n";

function put(reader: RequestReader, text: string): void {
  const bytes = bytesOf(text);
  reader.space.set(bytes);
  reader.added(bytes.length);
}

/** A reader that remembers a head with these fields. */
function remembering(fields = FIELDS): RequestReader {
  const reader = new RequestReader();
  put(reader, `GET /first HTTP/1.1\r\n${fields}\r\n`);
  const head = reader.nextHead();
  assert.ok(head !== undefined);
  reader.rememberHead(head);
  return reader;
}

Deno.test("nothing is repeated where nothing is remembered", () => {
  const reader = new RequestReader();
  put(reader, `GET /a HTTP/1.1\r\n${FIELDS}\r\n`);
  assert.equal(reader.repeatedTarget, undefined);
  assert.equal(reader.nextHead()?.target, "/a");
});

Deno.test("a head that differs by its target alone is recognised, and what follows it is kept", () => {
  const reader = remembering();
  put(reader, `GET /a?b HTTP/1.1\r\n${FIELDS}\r\nPOST /c HTTP/1.1\r\nHost: echo\r\n\r\n`);
  assert.equal(reader.repeatedTarget, "/a?b");
  assert.equal(reader.repeatedTarget, "/a?b", "it is not taken yet");
  reader.passRepeated("/a?b");
  assert.equal(reader.repeatedTarget, undefined);
  const next = reader.nextHead();
  assert.deepEqual([next?.method, next?.target], ["POST", "/c"]);
  assert.ok(reader.isEmpty);
});

Deno.test("it is recognised once it has come whole", () => {
  const reader = remembering();
  const text = `GET /a HTTP/1.1\r\n${FIELDS}\r\n`;
  for (let at = 0; at < text.length; at++) {
    assert.equal(reader.repeatedTarget, undefined, `${at} bytes`);
    put(reader, text.charAt(at));
  }
  assert.equal(reader.repeatedTarget, "/a");
});

Deno.test("where a single byte differs, it is not recognised", () => {
  const text = `GET /a HTTP/1.1\r\n${FIELDS}\r\n`;
  for (let at = 0; at < text.length; at++) {
    if (at >= "GET /".length && at < "GET /a".length) continue;
    for (const other of ["\n", "\r", " ", "\0", "x", "#", "\xff"]) {
      if (text.charAt(at) === other) continue;
      const reader = remembering();
      put(reader, `${text.slice(0, at)}${other}${text.slice(at + 1)}`);
      const isTarget = at === "GET ".length && other === "x";
      assert.equal(reader.repeatedTarget, isTarget ? "xa" : undefined, `${other} at ${at}`);
    }
  }
});

Deno.test("what no target may have in it is no part of one", () => {
  for (const target of ["", "/a b", "/a\t", "/a#b", "/\xe9", "/a\r", "/a\n"]) {
    const reader = remembering();
    put(reader, `GET ${target} HTTP/1.1\r\n${FIELDS}\r\n`);
    assert.equal(reader.repeatedTarget, undefined, JSON.stringify(target));
  }
});

Deno.test("nothing is recognised in the body of a request", () => {
  const reader = remembering();
  const hidden = `GET /a HTTP/1.1\r\n${FIELDS}\r\n`;
  put(reader, `POST / HTTP/1.1\r\nHost: echo\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`);
  assert.equal(reader.repeatedTarget, undefined);
  assert.equal(reader.nextHead()?.method, "POST");
  assert.equal(reader.repeatedTarget, undefined);
  assert.equal(reader.nextBody()?.length, hidden.length);
  assert.ok(reader.isBodyOver);
});

Deno.test("the last head counts, and one that is too long is not remembered", () => {
  const reader = remembering();
  const other = "Host: other\r\n";
  put(reader, `GET /a HTTP/1.1\r\n${other}\r\n`);
  const head = reader.nextHead();
  assert.ok(head !== undefined);
  reader.rememberHead(head);
  put(reader, `GET /a HTTP/1.1\r\n${other}\r\n`);
  assert.equal(reader.repeatedTarget, "/a");
  reader.passRepeated("/a");

  const long = `${other}X: ${"x".repeat(2048)}\r\n`;
  for (const text of [`GET /b HTTP/1.1\r\n${long}\r\n`, `GET /b HTTP/1.1\r\n${other}\r\n`]) {
    const bytes = bytesOf(text);
    for (const byte of bytes) {
      reader.space.set([byte]);
      reader.added(1);
    }
    assert.equal(reader.repeatedTarget, undefined);
    const next = reader.nextHead();
    assert.ok(next !== undefined);
    reader.rememberHead(next);
    if (text.includes(long)) continue;
    put(reader, text);
    assert.equal(reader.repeatedTarget, "/b");
  }
});
