/** One thread that serves listeners: what it takes, and gives back. */
import assert from "node:assert/strict";
import { Distributor } from "../../../src/hls/distributor.ts";
import { NO_PREROLL } from "../../../src/hls/preroll.ts";
import { TrustedProxies } from "../../../src/http/addresses.ts";
import { ConnectionLimits } from "../../../src/http/connection_limits.ts";
import { systemClock } from "../../../src/session/clock.ts";
import { HttpThread } from "../../../src/station/threads/http_thread.ts";
import { OFF_AIR } from "../../../testing/pages/listener/broadcasts.ts";

Deno.test("a thread that cannot be made gives back what it has taken", () => {
  const counts = new ConnectionLimits({
    maxConnections: 100,
    maxPerAddress: 100,
    maxTogether: 100,
    proxies: new TrustedProxies([]),
  }).addThreads("hls");
  let [lent, back] = [0, 0];
  // No message may have a function in it.
  const preroll = { ...NO_PREROLL, play: () => {} };
  const thread = new HttpThread({
    clock: systemClock,
    settings: {
      addr: { hostname: "127.0.0.1", port: 0 },
      ...{ path: "cast", index: true, rootDir: "hls", preroll },
      entrance: { originSecret: undefined, tokens: undefined },
    },
    keys: undefined,
    distributor: new Distributor(() => undefined),
    counts: {
      lend: () => {
        lent++;
        return counts.lend();
      },
      takeBack: (taken) => {
        back++;
        counts.takeBack(taken);
      },
    },
    shows: { status: (name) => ({ ...OFF_AIR, name }), current: [], watchEnds: () => () => {} },
    levels: () => ({ own: null, access: false, maxLines: 0 }),
    onPulse: () => {},
    onLines: () => {},
  });
  assert.throws(() => thread.start(() => {}), /could not be cloned/);
  assert.deepEqual([lent, back], [1, 1]);
  assert.equal(thread.isServing, false);
});
