/** Who may connect to the port at which boxes ask each other. */
import assert from "node:assert/strict";
import { fleetConnections } from "../../src/station/fleet_links.ts";

Deno.test("a host that keeps connections open leaves other boxes theirs", () => {
  const connections = fleetConnections();
  const admitted = Array.from({ length: 5000 }, () => connections.admit("10.0.0.9"));
  assert.equal(admitted.filter((release) => typeof release === "function").length, 512);
  assert.equal(admitted.at(-1), "address");
  for (let box = 1; box <= 4; box++) {
    assert.equal(typeof connections.admit(`10.0.0.${box}`), "function");
  }
});
