/** Which certificates with their keys are taken, and what is said of those that are not. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { CertificateError, checkPair, isForHost } from "../../src/tls/certificate.ts";
import { TestAuthority } from "../../testing/tls/test_authority.ts";

const DAY_MS = 86_400_000;

Deno.test("pairs that fit are taken: ECDSA and RSA, with and without a chain", async (t) => {
  await using authority = await TestAuthority.create();
  for (const kind of ["ec", "rsa"] as const) {
    for (const chain of [false, true]) {
      await t.step(`${kind}, ${chain ? "with" : "without"} a chain`, async () => {
        const pair = await authority.issue({ name: "radio.example", kind, chain, days: 90 });
        const now = Date.now();
        const { expiresAt, description } = checkPair(pair, now);
        assert.ok(Math.abs(expiresAt - now - 90 * DAY_MS) < DAY_MS);
        assert.match(description, /^radio\.example, (EC prime256v1|RSA 2048), until 20\d\d-/);
      });
    }
  }
});

Deno.test("a certificate is for the hosts that clients take it for, patterns among them", async () => {
  await using authority = await TestAuthority.create();
  const pair = await authority.issue({ name: "*.radio.example" });
  for (const host of ["in.radio.example", "IN.radio.example", "localhost", "127.0.0.1"]) {
    assert.ok(isForHost(pair, host), host);
  }
  for (const host of ["radio.example", "a.in.radio.example", "203.0.113.5", "[::1]", ""]) {
    assert.ok(!isForHost(pair, host), host);
  }
});

Deno.test("what is wrong with a pair is said in one line", async (t) => {
  await using authority = await TestAuthority.create();
  const good = await authority.issue();
  const other = await authority.issue();
  const chained = await authority.issue({ chain: true });
  const blocks = chained.cert.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
  });
  const now = Date.now();
  const cases: [string, { cert: string; key: string }, number, RegExp][] = [
    [
      "a key of another",
      { ...good, key: other.key },
      now,
      /key does not belong to the certificate/,
    ],
    [
      "files in each other's place",
      { cert: good.key, key: good.cert },
      now,
      /private key and no c/,
    ],
    ["no certificate", { ...good, cert: "hello" }, now, /no certificate in PEM/],
    ["an empty key", { ...good, key: "" }, now, /no private key in PEM/],
    [
      "a cut certificate",
      { ...good, cert: good.cert.replace(/\n.{64}\n/, "\n") },
      now,
      /cannot be/,
    ],
    ["an encrypted key", { ...good, key: privateKey }, now, /encrypted/],
    ["a weak key", await authority.issue({ kind: "weak rsa" }), now, /RSA key has 1024 bits/],
    ["one that expired", good, now + 366 * DAY_MS, /\(test\) expired on 20\d\d-\d\d-\d\d$/],
    ["one of tomorrow", good, now - 2 * DAY_MS, /\(test\) is not valid before 20/],
    [
      "a chain the wrong way round",
      { ...chained, cert: blocks.toReversed().join("\n") },
      now,
      /private key does not belong/,
    ],
    [
      "a chain of strangers",
      { ...good, cert: good.cert + other.cert },
      now,
      /not in order: certificate 1 \(test\) is not issued by certificate 2 \(test\)/,
    ],
    ["a long chain", { ...good, cert: good.cert.repeat(11) }, now, /more than 10/],
  ];
  for (const [what, pair, at, expected] of cases) {
    await t.step(what, () => {
      assert.throws(() => checkPair(pair, at), (error) => {
        assert.ok(error instanceof CertificateError);
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }
});
