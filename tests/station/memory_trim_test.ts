/** Tests that memory which nobody uses goes back to the system. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { trimMemory } from "../../src/station/memory_trim.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";

const MINUTE_MS = 60_000;

Deno.test("memory is trimmed once a minute, until the end", async () => {
  const calls: string[] = [];
  const libc = {
    trimMemory: () => void calls.push("trim"),
    [Symbol.dispose]: () => void calls.push("close"),
  };
  const clock = new FakeClock();
  const stop = trimMemory(clock, () => libc);
  await clock.advance(MINUTE_MS - 1);
  assert.deepEqual(calls, []);
  await clock.advance(1 + MINUTE_MS);
  assert.deepEqual(calls, ["trim", "trim"]);
  await stop();
  await clock.advance(5 * MINUTE_MS);
  assert.deepEqual(calls, ["trim", "trim", "close"]);
  assert.equal(clock.timerCount, 0);
});

Deno.test("where libc cannot be opened, that is said, and memory stays as it is", async () => {
  await using log = await LogRecorder.start();
  const clock = new FakeClock();
  const stop = trimMemory(clock, () => {
    throw new TypeError("no such library");
  });
  assert.equal(clock.timerCount, 0);
  assert.ok(log.lines.some((line) => /Cannot give memory back.*no such library/.test(line)));
  await stop();
});

Deno.test("memory that was freed is the system's a minute later", async () => {
  const script = fileURLToPath(new URL("../../testing/station/freed_memory.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", script],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { freed, trimmed } = JSON.parse(new TextDecoder().decode(stdout));
  assert.ok(freed > 40e6, `expected that malloc keeps 60 MB, got ${freed} bytes`);
  assert.ok(trimmed < 20e6, `${trimmed} of ${freed} bytes are still taken`);
});
