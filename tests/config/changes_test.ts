/** Which changed variables are applied while the server runs, and which wait for the next start. */
import assert from "node:assert/strict";
import { ROWS } from "../../src/config.ts";
import { configChanges } from "../../src/config/changes.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { loadConfig } from "../../src/config/load.ts";

const ENV = { ECHO_AUTH: "key", ECHO_BEARER_TOKEN: "hush-1" };

function changes(before: Record<string, string>, after: Record<string, string>) {
  return configChanges(loadConfig({ ...ENV, ...before }), loadConfig({ ...ENV, ...after }));
}

Deno.test("what may change while the server runs is applied, the rest waits for the next start", () => {
  const { loaded, applied, pending } = changes(
    { ECHO_MAX_SESSIONS: "10", HLS_HOLD: "5" },
    { ECHO_MAX_SESSIONS: "20", HLS_HOLD: "7.5", RTMP_ADDR: "[::]:1935" },
  );
  assert.deepEqual(applied, ["ECHO_MAX_SESSIONS is 20 (was 10)"]);
  assert.deepEqual(pending, [
    "RTMP_ADDR is [::]:1935 (was 0.0.0.0:1935)",
    "HLS_HOLD is 7.5 (was 5)",
  ]);
  assert.equal(loaded.config.session.maxSessions, 20);
  assert.equal(loaded.config.hls.holdMs, 5000);
  assert.equal(loaded.config.rtmp.addr.hostname, "0.0.0.0");
});

Deno.test("secrets change without being shown", () => {
  const { applied, pending } = changes(
    { STAT_TOKEN: "hush-2", ECHO_SRT_PASSPHRASE: "hush-hush-hush" },
    { ECHO_BEARER_TOKEN: "hush-3", HOOK_URL: "https://example.org/hush" },
  );
  assert.deepEqual(applied, [
    "ECHO_BEARER_TOKEN is *** (was ***)",
    "STAT_TOKEN is unset (was ***)",
    "HOOK_URL is *** (was unset)",
  ]);
  assert.deepEqual(pending, ["ECHO_SRT_PASSPHRASE is unset (was ***)"]);
});

Deno.test("what is said in other words, or made up anew, is no change", () => {
  const { applied, pending } = changes({ HLS_HOLD: "5" }, { HLS_HOLD: "5.0", DRAIN_TIMEOUT: "" });
  assert.deepEqual([...applied, ...pending], []);
});

Deno.test("what waits for the next start is told of again until then, and its return is not", () => {
  const first = changes({}, { HLS_HOLD: "5" });
  const again = configChanges(first.loaded, loadConfig({ ...ENV, HLS_HOLD: "5" }));
  assert.deepEqual(again.pending, ["HLS_HOLD is 5 (was 30)"]);
  const back = configChanges(again.loaded, loadConfig(ENV));
  assert.deepEqual(back.pending, []);
});

Deno.test("a key that is set for the first time waits for the next start", () => {
  const { pending } = changes({}, { ECHO_PRIV_KEY: "0123456789abcdef0123456789abcdef" });
  assert.deepEqual(pending, ["ECHO_PRIV_KEY is *** (was ***)"]);
});

Deno.test("new values that do not go with those that stay are refused", () => {
  const before = loadConfig(ENV);
  const after = loadConfig({ ECHO_AUTH: "open" });
  assert.throws(() => configChanges(before, after), (error) => {
    return error instanceof ConfigError && /^Cannot use ECHO_AUTH "key": /.test(error.message);
  });
});

Deno.test("credentials, limits, webhooks and the time to drain may change while the server runs", () => {
  const names = ROWS.filter(({ variable }) => variable.reloadable).map(({ variable }) =>
    variable.name
  );
  assert.deepEqual(names, [
    ...["ECHO_AUTH_ANY", "ECHO_HTPASSWD_FILE", "ECHO_BEARER_TOKEN", "ECHO_DJ_FILE"],
    ...["ECHO_MAX_SESSIONS", "DRAIN_TIMEOUT", "ECHO_ORIGINS", "ECHO_SRT_MAX_WAITING"],
    ...["RTMP_MAX_CONNECTIONS", "ICECAST_MAX_CONNECTIONS", "FALLBACK_FILE", "FALLBACK_DIR"],
    ...["RECORD_MAX_AGE", "RECORD_MAX_BYTES", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"],
    ...["STAT_TOKEN"],
    ...["WEB_MAX_CONNECTIONS", "WEB_MAX_PER_ADDRESS", "HOOK_URL", "HOOK_SECRET"],
  ]);
});
