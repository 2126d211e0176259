/** What `-h`, `-v` and `--print-env` print: complete, readable again, and without secrets. */
import assert from "node:assert/strict";
import { ROWS } from "../../src/config.ts";
import { parseEnvFile } from "../../src/config/env_file.ts";
import { describe, envExample, usage } from "../../src/config/help.ts";
import { loadConfig } from "../../src/config/load.ts";
import { VERSION } from "../../src/version.ts";
import { KEY, load } from "../../testing/config/environments.ts";

Deno.test("the effective configuration shows every variable and no secret", () => {
  const secrets = {
    ECHO_PRIV_KEY: KEY,
    ECHO_SRT_PASSPHRASE: "hush-hush-hush",
    ECHO_BEARER_TOKEN: "hush",
    STAT_TOKEN: "hush",
    HOOK_URL: "https://example.org/hush",
    HOOK_SECRET: "hush",
    ECHO_REDIS_URL: "redis://:hush@localhost",
  };
  const text = describe(load({ ...secrets, RTMP_ADDR: "[::]:1936", HLS_HOLD: "0.25" }));
  assert.ok(text.startsWith(`Echo/${VERSION}\n`));
  assert.ok(!text.includes("hush") && !text.includes(KEY));
  assert.match(text, /^export RTMP_ADDR="\[::\]:1936"$/m);
  assert.match(text, /^export HLS_HOLD="0.25"$/m);
  for (const { variable } of ROWS) assert.ok(text.includes(variable.name), variable.name);
});

Deno.test("the effective configuration, read back, is the same", () => {
  const config = load({ HLS_WEB_ADDR: "[::1]:1", RECORD_ROOT_DIR: 'a "b" $c', ECHO_AUTH: "open" });
  const readBack = load({ ECHO_PRIV_KEY: KEY }, describe(config).replace(/^Echo.*/, ""));
  const control = { ...config.control, cookieKey: KEY };
  assert.deepEqual(readBack, { ...config, control });
});

Deno.test("the help names every option and every variable", () => {
  const text = usage();
  for (const { variable } of ROWS) assert.ok(text.includes(`${variable.name} (`), variable.name);
  for (const option of ["check", "-h", "--help", "-v", "--version", "--env-file", "--print-env"]) {
    assert.ok(text.includes(option), option);
  }
  assert.ok(text.split("\n").every((line) => line.length <= 100));
});

Deno.test("the help groups commands and variables by what one wants to do", () => {
  const headings = usage().split("\n").filter((line) => /^[A-Z][^.]*:( |$)/.test(line)).slice(1);
  const tasks = new Set(headings.map((line) => line.split(":")[0]));
  assert.deepEqual([...tasks], [
    ...["Set it up", "Run it", "Let DJs publish, each with a key of his own", "Look it up"],
    ...["Let DJs publish", "Let listeners hear", "Keep recordings", "Watch it", "Have more boxes"],
  ]);
  assert.ok(headings.includes("Let listeners hear: HLS output"));
});

Deno.test("echo.env.example is what --print-env prints", async () => {
  const file = await Deno.readTextFile(new URL("../../echo.env.example", import.meta.url));
  assert.equal(file, envExample());
});

Deno.test("echo.env.example asks for keys and holds none", () => {
  assert.deepEqual(parseEnvFile(envExample()), { ECHO_AUTH: "key" });
});

Deno.test("the commented lines of echo.env.example are the defaults", () => {
  const { config } = loadConfig(
    {},
    envExample().replace(/^# (?=export )/gm, "") + "ECHO_AUTH=open",
  );
  const control = { ...load({}).control, cookieKey: config.control.cookieKey };
  assert.deepEqual(config, { ...load({}), control });
});
