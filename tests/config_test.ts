/**
 * The table of variables: defaults, forms, limits and errors, as docs/operations.md promises them.
 */
import assert from "node:assert/strict";
import { ROWS } from "../src/config.ts";
import { SECTION_TITLES } from "../src/config/help.ts";
import { loadConfig } from "../src/config/load.ts";
import { KEY, load, QUIET, refusalOf, warningsOf } from "../testing/config/environments.ts";

Deno.test("an empty environment gives the defaults of the contract", () => {
  const config = load({});
  assert.deepEqual(config.rtmp, {
    enabled: true,
    addr: { hostname: "0.0.0.0", port: 1935 },
    connectionTimeoutMs: 10_000,
    maxConnections: 4000,
  });
  assert.deepEqual(config.hls, {
    enabled: true,
    rootDir: "./output/hls",
    targetDurationMs: 1000,
    prerollDir: undefined,
    holdMs: 30_000,
    maxDelayMs: 10_000,
    rewindMs: 0,
    webEnabled: true,
    webAddr: { hostname: "0.0.0.0", port: 8080 },
    webPath: "cast",
    webThreads: Math.min(Math.max(navigator.hardwareConcurrency - 1, 1), 4),
    lowLatency: true,
    streamEnabled: true,
    id3: false,
    webIndex: false,
    artworkUrl: undefined,
    auth: "open",
    originSecret: undefined,
  });
  assert.deepEqual(config.srt, {
    addr: { hostname: "0.0.0.0", port: 9000 },
    passphrase: undefined,
    minPort: 30_000,
    maxPort: 49_150,
    connectionTimeoutMs: 1_800_000,
    readTimeoutMs: 10_000,
    latencyMs: 50,
    maxWaiting: 200,
    library: undefined,
  });
  assert.equal(config.auth.mode, "open");
  assert.equal(config.auth.ttlMs, 7_200_000);
});

Deno.test("every variable of the contract is in the table, once, and in a titled section", () => {
  const names = ROWS.map((row) => row.variable.name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    names.toSorted(),
    [
      "LOG4RS_FILE ECHO_ENABLED ECHO_ADDR ECHO_PRIV_KEY ECHO_SRT_PRIV_IP ECHO_SRT_PUB_IP",
      "ECHO_SRT_MIN_PORT ECHO_SRT_MAX_PORT ECHO_SRT_ADDR ECHO_SRT_PASSPHRASE",
      "ECHO_SRT_CONNECTION_TIMEOUT ECHO_SRT_READ_TIMEOUT ECHO_SRT_LATENCY ECHO_SRT_MAX_WAITING",
      "ECHO_LIBSRT ECHO_AUTH ECHO_AUTH_ANY ECHO_HTPASSWD_FILE ECHO_BEARER_TOKEN ECHO_DJ_FILE",
      "ECHO_JWKS_URL ECHO_JWKS_FILE ECHO_JWT_ISSUER ECHO_JWT_AUDIENCE ECHO_JWT_ENDS_SESSION",
      "HLS_AUTH HLS_ORIGIN_SECRET",
      "ECHO_MAX_SESSIONS HLS_ENABLED HLS_ROOT_DIR HLS_TARGET_DURATION HLS_PREROLE_DIR HLS_REWIND",
      "HLS_WEB_ENABLED HLS_WEB_ADDR HLS_WEB_PATH HLS_WEB_THREADS HLS_WEB_INDEX HLS_HOLD",
      "HLS_LOW_LATENCY HLS_STREAM_ENABLED ARTWORK_URL",
      "HLS_MAX_DELAY HLS_ID3",
      "ICECAST_ENABLED ICECAST_ADDR ICECAST_TLS_ADDR SHOUTCAST_ENABLED ICECAST_MAX_CONNECTIONS",
      "ICECAST_CONNECTION_TIMEOUT",
      "RTMP_ENABLED RTMP_ADDR RTMP_CONNECTION_TIMEOUT RTMP_MAX_CONNECTIONS RECORD_ENABLED",
      "RECORD_ROOT_DIR RECORD_APPEND RECORD_MAX_AGE RECORD_MAX_BYTES STAT_ENABLED",
      "STAT_WEB_ENABLED STAT_WEB_ADDR STAT_TOKEN STAT_REPORT_DIR HOOK_URL HOOK_SECRET TTL_MAX_DURATION",
      "DRAIN_TIMEOUT ECHO_ORIGINS WEB_MAX_CONNECTIONS WEB_MAX_PER_ADDRESS TRUSTED_PROXIES",
      "TLS_CERT_FILE TLS_KEY_FILE HLS_WEB_TLS_ADDR HLS_WEB_REDIRECT HLS_WEB_HSTS ECHO_TLS_ADDR",
      "FALLBACK_FILE FALLBACK_DIR FALLBACK_FOR RECORD_FALLBACK",
      "S3_URL S3_BUCKET S3_REGION S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY S3_PREFIX S3_PUBLIC_URL",
      "S3_MAX_AGE RECORD_KEEP",
      "STAT_WEB_TLS_ADDR RTMPS_ADDR DEAD_AIR_AFTER DEAD_AIR_LEVEL",
      "ECHO_REDIS_URL ECHO_BOX ECHO_FLEET_ADDR",
    ].join(" ").split(" ").toSorted(),
  );
  assert.ok(ROWS.every((row) => row.section in SECTION_TITLES));
});

Deno.test("doors with TLS are on the hosts of the plain ones, elsewhere, or off", () => {
  const { tls } = load({
    HLS_WEB_ADDR: "[::1]:80",
    STAT_WEB_ADDR: "127.0.0.1:81",
    ECHO_TLS_ADDR: "192.0.2.1:443",
    RTMPS_ADDR: "off",
  });
  assert.deepEqual(tls.hlsAddr, { hostname: "::1", port: 8443 });
  assert.deepEqual(tls.statAddr, { hostname: "127.0.0.1", port: 8448 });
  assert.deepEqual(tls.controlAddr, { hostname: "192.0.2.1", port: 443 });
  assert.equal(tls.rtmpsAddr, "off");
});

Deno.test("booleans, addresses and decimal seconds are read in every form", () => {
  for (const [text, value] of [["1", true], ["true", true], ["0", false], ["false", false]]) {
    assert.equal(load({ RECORD_APPEND: String(text) }).record.append, value);
  }
  const addresses = { "[::]:80": "::", "[::1]:80": "::1", "127.0.0.1:80": "127.0.0.1" };
  for (
    const [text, hostname] of Object.entries({ ...addresses, "host.example:80": "host.example" })
  ) {
    assert.deepEqual(load({ RTMP_ADDR: text }).rtmp.addr, { hostname, port: 80 });
  }
  assert.equal(load({ HLS_HOLD: "2.5" }).hls.holdMs, 2500);
  assert.equal(load({ HLS_WEB_PATH: "/a/b/" }).hls.webPath, "a/b");
  assert.deepEqual(
    load({ ECHO_ORIGINS: "https://DJ.example, capacitor://localhost" }).control.origins,
    ["https://dj.example", "capacitor://localhost"],
  );
});

Deno.test("a value that is not allowed stops the start, with its name, itself and what is allowed", () => {
  assert.equal(
    refusalOf({ ECHO_SRT_READ_TIMEOUT: "7.9" }),
    'Cannot parse ECHO_SRT_READ_TIMEOUT: expected seconds, 8 to 2000000, got "7.9"',
  );
  const bad = {
    RTMP_ENABLED: ["yes", "2"],
    RTMP_ADDR: [":1935", "0.0.0.0", "0.0.0.0:65536", "::1:80", "[1.2.3.4]:80", "256.1.1.1:80"],
    ECHO_SRT_PUB_IP: ["example.org", "1.2.3"],
    ECHO_SRT_MIN_PORT: ["6969", "3e4", "-1"],
    ECHO_SRT_MAX_PORT: ["49151", "30000.5"],
    ECHO_SRT_CONNECTION_TIMEOUT: ["9.99", "never", "1e4"],
    ECHO_AUTH: ["hooks", "OPEN"],
    ECHO_ORIGINS: [
      "dj.example",
      "https://dj.example/",
      "https://a.example,",
      "https://a b",
      "null",
    ],
    ECHO_MAX_SESSIONS: ["0", "1.5"],
    HLS_TARGET_DURATION: ["fast"],
    HLS_WEB_PATH: ["..", "a b", "prerole"],
    ARTWORK_URL: [
      "img.example/{name}",
      "javascript:alert(1)//{name}",
      "data:image/png,{name}",
      "https://{name}:x@img.example/",
    ],
    RECORD_ROOT_DIR: ["a\nb"],
    TTL_MAX_DURATION: ["2000001"],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const refusal = refusalOf({ [name]: value });
      assert.ok(refusal.startsWith(`Cannot parse ${name}: expected `), refusal);
      assert.ok(refusal.endsWith(`, got ${JSON.stringify(value)}`), refusal);
    }
  }
});

Deno.test("a secret that is not allowed is refused without being shown", () => {
  const secrets = {
    ECHO_PRIV_KEY: "hush".repeat(8) + "!",
    ECHO_SRT_PASSPHRASE: "hush",
    ECHO_BEARER_TOKEN: "hush hush",
    STAT_TOKEN: "hüsh",
    HOOK_URL: "ftp://hush@example.org",
    HOOK_SECRET: "hush hush",
  };
  for (const [name, value] of Object.entries(secrets)) {
    const refusal = refusalOf({ [name]: value });
    assert.ok(refusal.startsWith(`Cannot parse ${name}: `), refusal);
    assert.ok(!/h[uü]sh/.test(refusal), refusal);
  }
});

Deno.test("the key that the first Echo published stops the start", () => {
  assert.match(
    refusalOf({ ECHO_PRIV_KEY: "0759230f" + KEY.slice(8) }),
    /^Cannot parse ECHO_PRIV_KEY: expected .*not the key that the first Echo published/,
  );
});

Deno.test("a target duration beyond the limits is clamped with a warning", () => {
  const clamped = { "0.5": 1000, "-3": 1000, "8.1": 8000, "60": 8000 };
  for (const [text, ms] of Object.entries(clamped)) {
    const { config, warnings } = loadConfig({ ...QUIET, HLS_TARGET_DURATION: text });
    assert.equal(config.hls.targetDurationMs, ms);
    assert.match(warnings.join(), /^HLS_TARGET_DURATION is "[^"]+".*: [18] is used$/);
  }
  assert.deepEqual(warningsOf({ HLS_TARGET_DURATION: "2.5" }), []);
});

Deno.test("clients are told the private address unless there is a public one", () => {
  const { config } = loadConfig({ ECHO_SRT_PRIV_IP: "10.0.0.5" });
  assert.equal(config.control.publicIp, "10.0.0.5");
  assert.equal(load({ ECHO_SRT_PUB_IP: "192.0.2.1" }).control.publicIp, "192.0.2.1");
});

Deno.test("an unknown name is warned about with the nearest known one", () => {
  assert.deepEqual(warningsOf({ HLS_PREROLL_DIR: "x", DRAIN_TIMOUT: "1", PATH: "/bin" }), [
    "HLS_PREROLL_DIR is unknown: did you mean HLS_PREROLE_DIR?",
    "DRAIN_TIMOUT is unknown: did you mean DRAIN_TIMEOUT?",
  ]);
});

Deno.test("a variable that is set to nothing counts as unset", () => {
  assert.equal(load({ STAT_TOKEN: "" }).stat.token, undefined);
  assert.equal(load({ HLS_HOLD: "" }).hls.holdMs, 30_000);
});

Deno.test("the process environment wins over the file", () => {
  const file = 'export HLS_HOLD="5"\nexport HLS_MAX_DELAY="6"\n';
  const { hls } = load({ HLS_HOLD: "7" }, file);
  assert.deepEqual([hls.holdMs, hls.maxDelayMs], [7000, 6000]);
});
