/** What the program prints and how it ends for each argument and each wrong value. */
import assert from "node:assert/strict";
import { EchoServer, runEcho } from "../../testing/e2e/echo_server.ts";

interface Ended {
  readonly code: number;
  readonly lines: readonly string[];
}

async function run(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const cwd = await Deno.makeTempDir({ prefix: "echo-e2e-" });
  try {
    await using echo = runEcho(args, { env, cwd });
    const { code } = await echo.end();
    return { code, lines: echo.lines };
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("-h shows the usage and every variable", async () => {
  const { code, lines } = await run(["-h"]);
  assert.equal(code, 0);
  const text = lines.join("\n");
  for (const part of ["Usage:", "--env-file", "HLS_TARGET_DURATION", "RTMP_ADDR", "ECHO_AUTH"]) {
    assert.ok(text.includes(part), part);
  }
});

Deno.test("-v shows the version and the effective configuration without secrets", async () => {
  const env = { HLS_TARGET_DURATION: "2", ECHO_BEARER_TOKEN: "not-to-be-shown" };
  const { code, lines } = await run(["-v"], env);
  assert.equal(code, 0);
  assert.match(lines[0] ?? "", /^Echo\/\d+\.\d+\.\d+$/);
  assert.ok(lines.includes('export HLS_TARGET_DURATION="2"'));
  assert.ok(lines.some((line) => line.includes("ECHO_BEARER_TOKEN")));
  assert.ok(!lines.join("\n").includes("not-to-be-shown"));
});

Deno.test("a bad value stops the start with a line that names variable, value and limits", async () => {
  for (
    const [name, value] of [["RTMP_ADDR", "nowhere"], ["ECHO_MAX_SESSIONS", "0"], [
      "HLS_ENABLED",
      "maybe",
    ]] as const
  ) {
    const { code, lines } = await run([], { [name]: value });
    assert.equal(code, 2);
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", new RegExp(`${name}.*expected .+, got "${value}"`));
  }
});

Deno.test("an unknown argument stops the start with a line that names it", async () => {
  const { code, lines } = await run(["--loud"]);
  assert.equal(code, 2);
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0] ?? "", /"--loud"/);
});

Deno.test("an unknown variable is warned about with the nearest known one", async () => {
  await using server = await EchoServer.start({ env: { HLS_TARGET_DURATON: "2" } });
  const warning = server.log.find((line) => line.includes("HLS_TARGET_DURATON"));
  assert.match(warning ?? "", /WARN .*HLS_TARGET_DURATION/);
});
