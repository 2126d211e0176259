/** The file of DJs: how it is read, how it is refused, and who may publish what by it. */
import assert from "node:assert/strict";
import { changedDjs, DjError, djLine, mayPublish, parseDjs } from "../../src/dj/dj_list.ts";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";

const HASH = hashOfDjKey("sesame");
const TAIL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.";

function refusalOf(text: string): string {
  try {
    parseDjs(text, "djs");
  } catch (error) {
    assert.ok(error instanceof DjError);
    assert.ok(!error.message.includes(HASH.slice(-20)) && !error.message.includes(TAIL));
    return error.message;
  }
  return assert.fail("the file was accepted");
}

Deno.test("DJs are read with both kinds of hashes, and comments and empty lines passed over", () => {
  const text = `# DJs\r\n\r\nanna:${HASH}:one,two\r\nben@example.org:$2y$10$${TAIL}: three* \n`;
  const djs = [...parseDjs(text, "djs").values()];
  assert.deepEqual(djs, [
    { user: "anna", hash: HASH, names: ["one", "two"] },
    { user: "ben@example.org", hash: `$2y$10$${TAIL}`, names: ["three*"] },
  ]);
  assert.equal(parseDjs(djs.map(djLine).join("\n"), "djs").size, 2);
  assert.equal(parseDjs("", "djs").size, 0);
});

for (
  const [what, line, message] of [
    ["no names", `anna:${HASH}`, /line 1: expected (?:user:hash:names|sha256: and)/],
    ["an empty name", `anna:${HASH}:one,`, /expected names with commas .*, got ""$/],
    ["a name that is none", `anna:${HASH}:no name`, /expected names .*, got "no name"$/],
    ["the reserved name", `anna:${HASH}:live`, /expected names .*, got "live"$/],
    ["a star within", `anna:${HASH}:a*b`, /expected names .*, got "a\*b"$/],
    ["a user with a comma", `an,na:${HASH}:one`, /expected a user of 1 to 64 .*, got "an,na"$/],
    ["no user", `:${HASH}:one`, /expected a user of 1 to 64/],
    ["a key in the place of its hash", "anna:sesame:one", /got a hash of an unknown kind$/],
    [
      "a short hash",
      "anna:sha256:abc:one",
      /expected sha256: and 64 hexadecimal digits, or bcrypt/,
    ],
    ["another scheme", "anna:$6$salt$hash:one", /got a hash of kind \$6\$$/],
    ["a costly hash", `anna:$2b$11$${TAIL}:one`, /expected a bcrypt cost of at most 10, got 11$/],
    ["a user twice", `anna:${HASH}:one\nanna:${HASH}:two`, /line 2: expected each user once/],
  ] as const
) {
  Deno.test(`a file with ${what} is refused, and no hash is told`, () => {
    assert.match(refusalOf(line), message);
  });
}

Deno.test("a DJ may publish his names, and those that begin as a name with a star says", () => {
  const may = (names: string, name: string) => {
    const dj = parseDjs(`anna:${HASH}:${names}`, "djs").get("anna");
    return dj !== undefined && mayPublish(dj, name);
  };
  assert.ok(may("one,two", "two"));
  assert.ok(!may("one,two", "on") && !may("one,two", "one2"));
  assert.ok(may("evening*", "evening") && may("evening*", "evening-2"));
  assert.ok(!may("evening*", "morning"));
  assert.ok(may("live*", "live-evening") && may("*", "whatever"));
});

Deno.test("of two lists, the DJs are told that differ in anything", () => {
  const before = parseDjs(`a:${HASH}:x\nb:${HASH}:x\nc:${HASH}:x\nd:${HASH}:x`, "djs");
  const after = parseDjs(
    `a:${HASH}:x\nb:${HASH}:x,y\nc:${hashOfDjKey("new")}:x\ne:${HASH}:x`,
    "djs",
  );
  assert.deepEqual([...changedDjs(before, after)].sort(), ["b", "c", "d", "e"]);
});
