/** Tests that HTTP leaves descriptors to broadcasts. */
import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { connectionLimits, openFilesLimit, reloadOf } from "../../src/station/web_limits.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";

const CUT = /WEB_MAX_CONNECTIONS is (\d+), but all HTTP ports together take (\d+): /;

for (
  const [what, maxOpenFiles, together, told] of [
    ["few files", 1024, 512, true],
    ["many files", 65_536, 32_768, false],
  ] as const
) {
  Deno.test(`where the process may have ${what} open, HTTP takes half of them at most`, async () => {
    await using log = await LogRecorder.start();
    const limits = connectionLimits(loadConfig({}).config, maxOpenFiles);
    assert.equal(limits.maxTogether, together);
    assert.equal(log.lines.some((line) => CUT.test(line)), told, log.lines.join("\n"));
  });
}

Deno.test("the limits of a reload count from then on", async () => {
  const limits = connectionLimits(loadConfig({}).config, 65_536);
  assert.deepEqual({ ...limits.values }, { maxConnections: 10_000, maxPerAddress: 500 });
  const { config } = loadConfig({ WEB_MAX_CONNECTIONS: "7", WEB_MAX_PER_ADDRESS: "3" });
  (await reloadOf(limits)(config))();
  const { maxConnections, maxPerAddress } = limits.values;
  assert.deepEqual([maxConnections, maxPerAddress], [7, 3]);
});

Deno.test("it is known how many files the process may have open", async () => {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -n"] }).output();
  const limit = new TextDecoder().decode(stdout).trim();
  assert.equal(openFilesLimit(), limit === "unlimited" ? Number(2n ** 64n - 1n) : Number(limit));
});
