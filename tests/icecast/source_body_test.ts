/** Bodies of sources as they stand on the connection. */
import assert from "node:assert/strict";
import { SourceBody } from "../../src/icecast/source_body.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a body without a word of its end is all that comes", () => {
  const body = new SourceBody("raw");
  assert.equal(text(body.take(ascii("5\r\nab")).data), "5\r\nab");
  assert.equal(body.isOver, false);
});

Deno.test("what stands in chunks of a byte is one piece", () => {
  const body = new SourceBody("chunked");
  const { data, fault } = body.take(ascii("1\r\na\r\n".repeat(500)));
  assert.deepEqual([text(data), fault, body.isOver], ["a".repeat(500), undefined, false]);
  const last = body.take(ascii("2\r\nbc\r\n0\r\n\r\n3\r\n"));
  assert.deepEqual([text(last.data), last.fault, body.isOver], ["bc", undefined, true]);
});

Deno.test("what came before a lie is there", () => {
  const { data, fault = "" } = new SourceBody("chunked").take(ascii("2\r\nab\r\nzz\r\ncd"));
  assert.equal(text(data), "ab");
  assert.match(fault, /not in proper chunks/);
});

Deno.test("a body of a known length ends there", () => {
  const body = new SourceBody({ bytes: 3 });
  assert.deepEqual([text(body.take(ascii("ab")).data), body.isOver], ["ab", false]);
  assert.deepEqual([text(body.take(ascii("cde")).data), body.isOver], ["c", true]);
  assert.equal(body.take(ascii("f")).data.length, 0);
});
