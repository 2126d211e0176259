/** Who is let in to what listeners are served, by the configuration. */
import assert from "node:assert/strict";
import { listenerEntrance } from "../../src/station/entrance_settings.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

Deno.test("where tokens are needed and there is no key set, nobody is let in by mistake", () => {
  const tokens = { issuer: undefined, audience: undefined };
  const parts = { clock: new FakeClock(), path: "cast", keys: undefined };
  assert.throws(
    () => listenerEntrance({ originSecret: undefined, tokens }, parts),
    /there is no key set/,
  );
  assert.equal(
    listenerEntrance({ originSecret: undefined, tokens: undefined }, parts),
    undefined,
  );
});
