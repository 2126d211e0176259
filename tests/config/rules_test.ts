/** Which values may not go together, and what is warned about. */
import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { load, QUIET, refusalOf, warningsOf } from "../../testing/config/environments.ts";

Deno.test("certificate and key go together, and nothing else of TLS without them", () => {
  assert.match(refusalOf({ TLS_KEY_FILE: "key.pem" }), /expected TLS_CERT_FILE to be set too/);
  assert.match(refusalOf({ TLS_CERT_FILE: "cert.pem" }), /expected TLS_KEY_FILE to be set too/);
  assert.match(refusalOf({ HLS_WEB_REDIRECT: "1" }), /HLS_WEB_REDIRECT: expected TLS_CERT_FILE/);
  assert.match(refusalOf({ HLS_WEB_HSTS: "60" }), /HLS_WEB_HSTS: expected TLS_CERT_FILE/);
  const both = { TLS_CERT_FILE: "cert.pem", TLS_KEY_FILE: "key.pem" };
  const off = { ...both, HLS_WEB_REDIRECT: "1", HLS_WEB_TLS_ADDR: "off" };
  assert.match(refusalOf(off), /HLS_WEB_TLS_ADDR not to be off/);
  assert.deepEqual(warningsOf({ ...both, RTMPS_ADDR: "0.0.0.0:443" }), []);
  assert.match(warningsOf({ RTMPS_ADDR: "0.0.0.0:443" }).join(), /are unset: RTMPS_ADDR means no/);
  assert.match(warningsOf({ TLS_CERT: "cert.pem" }).join(), /TLS_CERT is unknown/);
});

Deno.test("a fleet needs a key that boxes share, and an address at which they reach this one", () => {
  const local = { ECHO_REDIS_URL: "redis://localhost" };
  assert.match(refusalOf(local), /ECHO_REDIS_URL: expected ECHO_PRIV_KEY to be set/);
  const elsewhere = { ECHO_REDIS_URL: "redis://10.0.0.1", ECHO_PRIV_KEY: QUIET.ECHO_PRIV_KEY };
  for (const addr of ["127.0.0.2:5022", "[::1]:5022", "localhost:5022", "0.0.0.0:5022", "[::]:1"]) {
    assert.match(
      refusalOf({ ...elsewhere, ECHO_FLEET_ADDR: addr }),
      /ECHO_FLEET_ADDR: .* since the Redis is elsewhere, got/,
    );
  }
  assert.match(refusalOf(elsewhere), /since the Redis is elsewhere, got "127.0.0.1"/);
  const sentinels = { ...elsewhere, ECHO_REDIS_URL: "redis+sentinel://127.0.0.1,10.0.0.1/main" };
  assert.match(refusalOf(sentinels), /since the Redis is elsewhere/);
  assert.deepEqual(warningsOf({ ...elsewhere, ECHO_SRT_PRIV_IP: "10.0.0.2" }), []);
  assert.match(warningsOf(local).join(), /^ECHO_FLEET_ADDR is 127.0.0.1: boxes on other machines/);
  assert.match(warningsOf({ ECHO_BOX: "a" }).join(), /^ECHO_REDIS_URL is unset: ECHO_BOX means no/);
});

Deno.test("a misspelled variable of dead air is told of", () => {
  assert.match(
    warningsOf({ DEAD_AIR_LEVLE: "-40" }).join(),
    /DEAD_AIR_LEVLE is unknown: did you mean DEAD_AIR_LEVEL\?/,
  );
});

Deno.test("without a key of its own a process signs with a random one, and says so", () => {
  const first = loadConfig({ ...QUIET, ECHO_PRIV_KEY: "" });
  const second = loadConfig({ ...QUIET, ECHO_PRIV_KEY: "" });
  assert.equal(first.config.control.cookieKey.length, 32);
  assert.notEqual(first.config.control.cookieKey, second.config.control.cookieKey);
  assert.match(first.warnings.join(), /^ECHO_PRIV_KEY is unset/);
});

Deno.test("the first port must lie below the last", () => {
  const ports = { ECHO_SRT_MIN_PORT: "40000", ECHO_SRT_MAX_PORT: "40000" };
  assert.match(refusalOf(ports), /ECHO_SRT_MAX_PORT.*more than ECHO_SRT_MIN_PORT \(40000\)/);
});

Deno.test("key mode needs credentials to check, or the word that any will do", () => {
  assert.match(refusalOf({ ECHO_AUTH: "key" }), /ECHO_AUTH "key".*ECHO_AUTH_ANY=1/);
  assert.equal(load({ ECHO_AUTH: "key", ECHO_AUTH_ANY: "1" }).auth.mode, "key");
  assert.equal(load({ ECHO_AUTH: "key", ECHO_HTPASSWD_FILE: "users" }).auth.mode, "key");
  assert.match(
    warningsOf({ ECHO_BEARER_TOKEN: "", ECHO_AUTH_ANY: "1" }).join(),
    /^ECHO_AUTH_ANY is on: ANY credentials/,
  );
});

Deno.test("hook mode needs somebody to ask", () => {
  assert.equal(
    refusalOf({ ECHO_AUTH: "hook" }),
    'Cannot use ECHO_AUTH "hook": expected HOOK_URL to be set, got nothing',
  );
  const env = { ECHO_AUTH: "hook", HOOK_URL: "https://hooks.example/", HOOK_SECRET: "s" };
  assert.equal(load(env).auth.mode, "hook");
  assert.deepEqual(warningsOf(env), []);
});

Deno.test("hooks that nobody can verify are warned about", () => {
  const warnings = warningsOf({ HOOK_URL: "https://hooks.example/t0ken" }).join();
  assert.match(warnings, /^HOOK_SECRET is unset/);
  assert.doesNotMatch(warnings, /t0ken/);
});

Deno.test("open mode is said loudly", () => {
  assert.match(warningsOf({ ECHO_AUTH: "open" }).join(), /^ECHO_AUTH is open: ANYBODY/);
});

Deno.test("a public ingest that tells clients a loopback address is warned about", () => {
  const unset = { ECHO_SRT_PUB_IP: "" };
  assert.match(warningsOf(unset).join(), /^ECHO_SRT_PUB_IP is unset: clients are told 127.0.0.1/);
  assert.deepEqual(warningsOf({ ...unset, ECHO_SRT_PRIV_IP: "10.0.0.5" }), []);
  const local = { ...unset, RTMP_ADDR: "localhost:1935", ECHO_SRT_ADDR: "[::1]:9000" };
  assert.deepEqual(warningsOf(local), []);
  const none = { ...unset, RTMP_ENABLED: "0", ECHO_ENABLED: "0" };
  assert.doesNotMatch(warningsOf(none).join(), /loopback|ECHO_SRT_PUB_IP/);
});

Deno.test("a server where nobody can publish, or nothing comes of it, is warned about", () => {
  assert.deepEqual(warningsOf({ ECHO_ENABLED: "0", RTMP_ENABLED: "0" }), [
    "ECHO_ENABLED, RTMP_ENABLED and ICECAST_ENABLED are off: nobody can publish",
  ]);
  assert.deepEqual(warningsOf({ ECHO_ENABLED: "0" }), [
    "ECHO_ENABLED is off: nobody gets the key that ECHO_AUTH=key asks for",
  ]);
  assert.match(
    warningsOf({ ECHO_ENABLED: "0", ECHO_AUTH: "open" }).join(),
    /^ECHO_AUTH is open[^;]*$/,
  );
  assert.deepEqual(warningsOf({ HLS_ENABLED: "0", RECORD_ENABLED: "0" }), [
    "HLS_ENABLED and RECORD_ENABLED are off: nobody hears what is published",
  ]);
});

Deno.test("how far listeners may rewind is in seconds, or all, and needs recordings", () => {
  assert.equal(load({ HLS_REWIND: "all" }).hls.rewindMs, Infinity);
  assert.equal(load({ HLS_REWIND: "3600" }).hls.rewindMs, 3_600_000);
  for (const value of ["ALL", "-1", "1h", "Infinity", "3000000"]) {
    assert.match(refusalOf({ HLS_REWIND: value }), /HLS_REWIND.*expected all, or seconds, 0 to/);
  }
  const warning = "HLS_REWIND is set, and RECORD_ENABLED is off: nobody can rewind";
  assert.ok(warningsOf({ HLS_REWIND: "all", RECORD_ENABLED: "0" }).includes(warning));
  assert.ok(!warningsOf({ HLS_REWIND: "0", RECORD_ENABLED: "0" }).includes(warning));
});
