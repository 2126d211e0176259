/** How many files `echo check` expects that the process may have open. */
import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { checkDescriptors } from "../../src/station/check/machine.ts";

const TLS = { TLS_CERT_FILE: "cert.pem", TLS_KEY_FILE: "key.pem" };

for (
  const [what, env, expected, name] of [
    ["HTTP and RTMP", { WEB_MAX_CONNECTIONS: "500" }, 1000, "WEB_MAX_CONNECTIONS"],
    ["a connection with TLS is two", { ...TLS, WEB_MAX_CONNECTIONS: "500" }, 2000, "WEB_MAX"],
    ["RTMPS comes to RTMP", { ...TLS, RTMP_MAX_CONNECTIONS: "500" }, 3000, "RTMP_MAX"],
    [
      "RTMPS is off",
      { ...TLS, RTMPS_ADDR: "off", RTMP_MAX_CONNECTIONS: "500" },
      1000,
      "RTMP_MAX_CONNECTIONS",
    ],
    ["Icecast is off", { ICECAST_MAX_CONNECTIONS: "500" }, 2, "WEB_MAX_CONNECTIONS"],
    [
      "Icecast, and over TLS beside it",
      { ...TLS, ICECAST_ENABLED: "1", ICECAST_MAX_CONNECTIONS: "500" },
      3000,
      "ICECAST_MAX_CONNECTIONS",
    ],
  ] as const
) {
  Deno.test(`files that may be open suffice for all connections: ${what}`, () => {
    const few = { WEB_MAX_CONNECTIONS: "1", RTMP_MAX_CONNECTIONS: "1" };
    const { config } = loadConfig({ ...few, ...env });
    assert.deepEqual(checkDescriptors(config, expected), []);
    const [finding] = checkDescriptors(config, expected - 1);
    assert.match(finding?.text ?? "", new RegExp(`expected ${expected} or more for ${name}`));
  });
}
