/** The file of users and bcrypt hashes: how it is read, and how it is refused. */
import assert from "node:assert/strict";
import { HtpasswdError, parseHtpasswd } from "../../src/control/htpasswd.ts";

const TAIL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.";
const HASH = `$2y$05$${TAIL}`;

function refusalOf(text: string): string {
  try {
    parseHtpasswd(text, "echo.htpasswd");
  } catch (error) {
    assert.ok(error instanceof HtpasswdError);
    assert.ok(!error.message.includes(TAIL), "no hash is told");
    return error.message;
  }
  return assert.fail("the file was accepted");
}

Deno.test("users with bcrypt hashes are read, and comments and empty lines passed over", () => {
  const text = `# DJs\r\n\r\nanna:${HASH}\r\nbjörn:$2b$12$${TAIL}\n  \ncleo:$2a$04$${TAIL}`;
  assert.deepEqual([...parseHtpasswd(text, "f")], [
    ["anna", HASH],
    ["björn", `$2b$12$${TAIL}`],
    ["cleo", `$2a$04$${TAIL}`],
  ]);
});

for (
  const [what, line, message] of [
    [
      "MD5",
      "b:$apr1$saltsalt$hash",
      "expected a bcrypt hash, as htpasswd -B makes it, got a hash of kind $apr1$",
    ],
    [
      "SHA-1",
      "b:{SHA}c2VjcmV0",
      "expected a bcrypt hash, as htpasswd -B makes it, got a hash of kind {SHA}",
    ],
    [
      "SHA-512",
      "b:$6$salt$hash",
      "expected a bcrypt hash, as htpasswd -B makes it, got a hash of kind $6$",
    ],
    [
      "crypt",
      "b:rqXexS6ZhobKA",
      "expected a bcrypt hash, as htpasswd -B makes it, got a hash of an unknown kind",
    ],
    [
      "a cut hash",
      `b:${HASH.slice(0, -1)}`,
      "expected a bcrypt hash, as htpasswd -B makes it, got a hash of kind $2y$",
    ],
    ["too high a cost", `b:$2y$13$${TAIL}`, "expected a bcrypt cost of at most 12, got 13"],
    ["no hash", "b", "expected user:hash, got something else"],
    ["no user", `:${HASH}`, "expected user:hash, got something else"],
    ["a user for the second time", `a:${HASH}`, 'expected each user once, got "a" again'],
  ] as const
) {
  Deno.test(`a file with ${what} is refused by its line`, () => {
    assert.equal(
      refusalOf(`a:${HASH}\n\n${line}\n`),
      `Cannot parse echo.htpasswd, line 3: ${message}`,
    );
  });
}

Deno.test("a file without users is refused", () => {
  assert.equal(
    refusalOf("# none\n"),
    "Cannot parse echo.htpasswd: expected at least one user, got none",
  );
});
