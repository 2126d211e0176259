/** Sessions with ports of their own, by the hundred: nothing of them stays. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

Deno.test("sessions with ports leave no thread, descriptor or memory behind, and the process ends", async () => {
  const script = fileURLToPath(new URL("../../testing/srt/port_churn.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", script],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { grownBy } = JSON.parse(new TextDecoder().decode(stdout));
  assert.ok(grownBy < 40e6, `the second round took ${grownBy} bytes more than the first`);
});
