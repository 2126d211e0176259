/** An RTMP server that runs out of file descriptors accepts again later. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const LIMIT = 64;
const program = fileURLToPath(
  new URL("../../testing/srt/short_of_descriptors.ts", import.meta.url),
);

Deno.test("a listener that has no file descriptor is not lost, and listens again once there are some", async () => {
  const script = `ulimit -n ${LIMIT}; exec "$0" run --no-check -A "$1"`;
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, Deno.execPath(), program],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { letGo, lost, problems, restarts } = JSON.parse(new TextDecoder().decode(stdout));
  assert.match(problems.join(), /^SRT does not listen .*too many open files/);
  assert.equal(lost, false);
  assert.ok(letGo > 0);
  assert.equal(restarts, 1);
});
