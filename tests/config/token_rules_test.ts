/** What is asked of the configuration where tokens let somebody in. */
import assert from "node:assert/strict";
import { ConfigError } from "../../src/config/config_error.ts";
import { loadConfig } from "../../src/config/load.ts";

const KEYS = { ECHO_JWKS_URL: "https://issuer.example/keys.json" };
const RULES = { ECHO_JWT_ISSUER: "https://issuer.example" };

function refusal(env: Record<string, string>): string {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail("the configuration was accepted");
}

Deno.test("tokens need one key set, whoever is let in by them", () => {
  for (const name of ["ECHO_AUTH", "HLS_AUTH"]) {
    const jwt = { [name]: "jwt" };
    assert.equal(
      refusal(jwt),
      `Cannot use ${name} "jwt": expected ECHO_JWKS_URL or ECHO_JWKS_FILE to be set, got neither`,
    );
    assert.match(
      refusal({ ...jwt, ...KEYS, ECHO_JWKS_FILE: "keys.json" }),
      /expected one key set, got ECHO_JWKS_URL too/,
    );
    assert.ok(loadConfig({ ...jwt, ...KEYS }).config.tokens.keysUrl);
    assert.ok(loadConfig({ ...jwt, ECHO_JWKS_FILE: "keys.json" }).config.tokens.keysFile);
  }
});

Deno.test("what is easily a mistake with tokens is told", () => {
  const warnings = (env: Record<string, string>) =>
    loadConfig({ HOOK_SECRET: "s", ECHO_SRT_PUB_IP: "192.0.2.1", ...env }).warnings.join("\n");
  const jwt = { ...KEYS, ECHO_AUTH: "jwt" };
  assert.match(warnings(jwt), /ECHO_JWT_ISSUER and ECHO_JWT_AUDIENCE are unset/);
  assert.doesNotMatch(warnings({ ...jwt, ...RULES }), /ECHO_JWT|ECHO_AUTH/);
  assert.match(warnings(KEYS), /neither ECHO_AUTH nor HLS_AUTH is jwt/);
  assert.match(
    warnings({ ...KEYS, ...RULES, HLS_AUTH: "jwt", HLS_WEB_INDEX: "1" }),
    /HLS_WEB_INDEX is on: .*, without a token/,
  );
  assert.match(
    warnings({ HLS_ORIGIN_SECRET: "0123456789abcdef", HLS_WEB_INDEX: "1" }),
    /HLS_WEB_INDEX is on: .*, without X-Echo-Origin/,
  );
  assert.doesNotMatch(warnings({ HLS_WEB_INDEX: "1" }), /HLS_WEB_INDEX/);
  const at = (url: string) => warnings({ ...jwt, ECHO_JWKS_URL: url });
  assert.match(at("http://issuer.example/keys.json"), /ECHO_JWKS_URL is http/);
  for (const url of ["https://issuer.example/", "http://127.0.0.1:8080/", "http://localhost/k"]) {
    assert.doesNotMatch(at(url), /ECHO_JWKS_URL is http/);
  }
});
