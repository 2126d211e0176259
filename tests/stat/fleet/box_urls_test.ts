/** Where operators find the dashboards of boxes. */
import assert from "node:assert/strict";
import type { PublicPlace } from "../../../src/fleet/registry.ts";
import { dashboardUrl } from "../../../src/stat/fleet/box_urls.ts";
import { knownBox } from "../../../testing/fleet/known_box.ts";

Deno.test("a dashboard is linked to by HTTPS where it has that", () => {
  const urlOf = (publicAddress: PublicPlace) => dashboardUrl(knownBox("a", { publicAddress }));
  assert.equal(urlOf({ ip: "192.0.2.2", ports: { stat: 8088 } }), "http://192.0.2.2:8088/");
  const ports = { "stat": 8088, "stat-tls": 8449 };
  assert.equal(urlOf({ ip: "2001:db8::2", ports }), "https://[2001:db8::2]:8449/");
  assert.equal(urlOf({ ip: "192.0.2.2", ports: { hls: 8080 } }), undefined);
});
