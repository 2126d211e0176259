/** Words in a stream are replaced however it is split, and nothing else is. */
import assert from "node:assert/strict";
import { RenamedBytes } from "../../../testing/fleet/renamed_bytes.ts";

const NAMES = new Map([["127.0.0.3:5022", "127.0.0.3:9911"], ["127.0.0.4:5022", "127.0.0.4:9922"]]);
const TEXT = "$14\r\n127.0.0.3:5022\r\n127.0.0.127.0.0.4:5022, 127.0.0.2:5022\r\n";
const EXPECTED = "$14\r\n127.0.0.3:9911\r\n127.0.0.127.0.0.4:9922, 127.0.0.2:5022\r\n";

Deno.test("a word that is split across reads is replaced whole", () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const renamed = new RenamedBytes(NAMES);
      const reads = [bytes.subarray(0, first), bytes.subarray(first, second)];
      const fed = [...reads, bytes.subarray(second)].map((read) => text(renamed.feed(read)));
      assert.equal(fed.join(""), EXPECTED);
    }
  }
});

Deno.test("bytes that are no text pass as they are", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const renamed = new RenamedBytes(NAMES);
  assert.deepEqual(Uint8Array.from(renamed.feed(bytes)), bytes);
});

Deno.test("only what may be the beginning of a word is held back", () => {
  const renamed = new RenamedBytes(NAMES);
  assert.equal(text(renamed.feed(new TextEncoder().encode("x127.0"))), "x");
  assert.equal(text(renamed.feed(new TextEncoder().encode("!"))), "127.0!");
});

Deno.test("a word of another length is refused", () => {
  const make = () => new RenamedBytes(new Map([["ab", "abc"]]));
  assert.throws(make, { message: "Cannot replace ab: expected a word as long, got abc" });
});

function text(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
