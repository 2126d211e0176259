/** The syntax of an env file: what it takes, and how a malformed line is named. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../../src/config/config_error.ts";
import { formatAssignment, parseEnvFile, readEnvFile } from "../../src/config/env_file.ts";

Deno.test("the env file takes what a shell takes, short of substitutions", () => {
  const text = String.raw`
# a comment
export A="x # y"   # why
export B='single $HOME "quoted"'
C=bare/[::]:80
  export  D=""
E="a \"b\" \\ \$c \d"
F=
A2="twice"
A2="the later counts"
`.replaceAll("\n", "\r\n");
  assert.deepEqual(parseEnvFile("\uFEFF" + text), {
    A: "x # y",
    B: 'single $HOME "quoted"',
    C: "bare/[::]:80",
    D: "",
    E: String.raw`a "b" \ $c \d`,
    F: "",
    A2: "the later counts",
  });
});

Deno.test("a malformed line of the env file is named by its number and not shown", () => {
  const malformed = [
    "export HUSH",
    'HUSH="open',
    "HUSH=a b",
    'HUSH="$(hush)"',
    'HUSH="`hush`"',
    "HUSH=$HOME",
    'HUSH = "x"',
    'HUSH="x"y',
    "1HUSH=x",
    "HUSH=x; HUSH=y",
  ];
  for (const line of malformed) {
    assert.throws(() => parseEnvFile(`\n# two\n${line}\n`), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /^Cannot parse line 3 of the env file: expected [^\n]+$/);
      assert.ok(!/hush/i.test(error.message));
      return true;
    });
  }
});

Deno.test("every value survives being written as an assignment", () => {
  fc.assert(fc.property(fc.string(), (value) => {
    fc.pre(!/[\r\n]/.test(value));
    assert.deepEqual(parseEnvFile(formatAssignment("A", value)), { A: value });
  }));
});

Deno.test("an env file that was named must be there; the default one need not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assert.rejects(readEnvFile(`${folder}/none`), ConfigError);
    await Deno.writeTextFile(`${folder}/some`, "A=1");
    assert.equal(await readEnvFile(`${folder}/some`), "A=1");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
