/** Rules about tokens, and about what listeners have to show. */
import type { Config } from "../config.ts";
import { ConfigError } from "./config_error.ts";

/** Whether anybody is let in by a token. */
export function usesTokens({ auth, hls }: Pick<Config, "auth" | "hls">): boolean {
  return auth.mode === "jwt" || hls.auth === "jwt";
}

/**
 * Checks the variables of tokens against each other.
 * @returns warnings
 * @throws {ConfigError}
 */
export function checkTokens(config: Config): string[] {
  return [...checkKeys(config), ...checkIndex(config)];
}

function checkKeys(config: Config): string[] {
  const { tokens: { keysUrl, keysFile, issuer, audience } } = config;
  if (keysUrl !== undefined && keysFile !== undefined) {
    throw new ConfigError("Cannot use ECHO_JWKS_FILE: expected one key set, got ECHO_JWKS_URL too");
  }
  const hasKeys = keysUrl !== undefined || keysFile !== undefined;
  if (!usesTokens(config)) {
    if (!hasKeys) return [];
    return ["There is a key set, but neither ECHO_AUTH nor HLS_AUTH is jwt: no token counts"];
  }
  if (!hasKeys) {
    const name = config.auth.mode === "jwt" ? "ECHO_AUTH" : "HLS_AUTH";
    throw new ConfigError(
      `Cannot use ${name} "jwt": expected ECHO_JWKS_URL or ECHO_JWKS_FILE to be set, got neither`,
    );
  }
  const warnings: string[] = [];
  if (issuer === undefined && audience === undefined) {
    warnings.push(
      "ECHO_JWT_ISSUER and ECHO_JWT_AUDIENCE are unset: what the keys sign for others counts too",
    );
  }
  if (keysUrl !== undefined && isReadByOthers(new URL(keysUrl))) {
    warnings.push(
      "ECHO_JWKS_URL is http: who is between there and here can have tokens of his own count",
    );
  }
  return warnings;
}

function checkIndex({ hls }: Config): string[] {
  if (!hls.webIndex || (hls.auth !== "jwt" && hls.originSecret === undefined)) return [];
  const without = hls.auth === "jwt" ? "a token" : "X-Echo-Origin";
  return [`HLS_WEB_INDEX is on: / shows who is on air to everybody, without ${without}`];
}

/** Whether what is asked for at a URL goes over a network in the clear. */
function isReadByOthers({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && !/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}
