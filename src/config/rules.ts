/** Rules that one row of the table cannot state, because they are about several variables. */
import type { Config } from "../config.ts";
import { ConfigError } from "./config_error.ts";
import { checkFleet } from "./fleet_rules.ts";
import { isLoopbackHost } from "./hosts.ts";
import { checkStorageRules } from "./storage_rules.ts";
import { checkTokens } from "./token_rules.ts";

/**
 * Checks variables against each other. Warnings are about what is allowed, but easily a mistake.
 *
 * @param isSet whether the variable of that name was given
 * @returns warnings
 * @throws {ConfigError} where values are not allowed together
 */
export function checkConfig(config: Config, isSet: (name: string) => boolean): string[] {
  const { auth, control, hls, hook, icecast, record, rtmp, srt } = config;
  const warnings: string[] = [];

  if (srt.maxPort <= srt.minPort) {
    throw new ConfigError(
      `Cannot use ECHO_SRT_MAX_PORT: expected more than ECHO_SRT_MIN_PORT (${srt.minPort}), ` +
        `got "${srt.maxPort}"`,
    );
  }

  checkTls(config, isSet, warnings);

  if (auth.mode === "open") {
    warnings.push("ECHO_AUTH is open: ANYBODY who reaches this server can publish under ANY name");
  } else if (auth.mode === "hook") {
    if (hook.url === undefined) {
      throw new ConfigError(
        'Cannot use ECHO_AUTH "hook": expected HOOK_URL to be set, got nothing',
      );
    }
  } else if (auth.mode === "dj") {
    if (auth.djFile === undefined) {
      throw new ConfigError(
        'Cannot use ECHO_AUTH "dj": expected ECHO_DJ_FILE to be set, got nothing',
      );
    }
  } else if (
    auth.mode === "key" && auth.htpasswdFile === undefined && auth.bearerToken === undefined
  ) {
    if (!auth.anyCredentials) {
      throw new ConfigError(
        `Cannot use ECHO_AUTH "${auth.mode}": expected ECHO_HTPASSWD_FILE or ECHO_BEARER_TOKEN ` +
          "to be set, or ECHO_AUTH_ANY=1 if any credentials will do, got none of them",
      );
    }
    warnings.push("ECHO_AUTH_ANY is on: ANY credentials get a key from the control API");
  }

  warnings.push(
    ...checkTokens(config),
    ...checkFleet(config, isSet),
    ...checkStorageRules(config, isSet),
  );

  if (icecast.shoutcastEnabled && !icecast.enabled) {
    warnings.push(
      "SHOUTCAST_ENABLED is set, and ICECAST_ENABLED is off: no Shoutcast source gets in",
    );
  }

  if (!control.enabled && !rtmp.enabled && !icecast.enabled) {
    warnings.push("ECHO_ENABLED, RTMP_ENABLED and ICECAST_ENABLED are off: nobody can publish");
  } else if (!control.enabled && auth.mode === "key") {
    warnings.push("ECHO_ENABLED is off: nobody gets the key that ECHO_AUTH=key asks for");
  }
  if (!hls.enabled && !record.enabled) {
    warnings.push("HLS_ENABLED and RECORD_ENABLED are off: nobody hears what is published");
  } else if (hls.rewindMs > 0 && !record.enabled) {
    warnings.push("HLS_REWIND is set, and RECORD_ENABLED is off: nobody can rewind");
  }

  if (hook.url !== undefined && hook.secret === undefined) {
    warnings.push("HOOK_SECRET is unset: the hook server cannot know who posts to it");
  }

  if (!isSet("ECHO_PRIV_KEY")) {
    warnings.push("ECHO_PRIV_KEY is unset: cookies are void after a restart and on other boxes");
  }

  if (!isSet("ECHO_SRT_PUB_IP") && isLoopbackHost(control.publicIp) && hasPublicIngest(config)) {
    warnings.push(
      `ECHO_SRT_PUB_IP is unset: clients are told ${control.publicIp}, which is this box alone`,
    );
  }
  return warnings;
}

/** Both files, or none; without them nothing else of TLS means anything. */
function checkTls(
  { tls }: Config,
  isSet: (name: string) => boolean,
  warnings: string[],
): void {
  const [given, missing] = tls.certFile === undefined
    ? [tls.keyFile, "TLS_CERT_FILE"]
    : [tls.certFile, "TLS_KEY_FILE"];
  const isOn = tls.certFile !== undefined && tls.keyFile !== undefined;
  if (given !== undefined && !isOn) {
    throw new ConfigError(
      `Cannot use TLS_CERT_FILE and TLS_KEY_FILE: expected ${missing} to be set too, got nothing`,
    );
  }
  const needing = tls.redirectsPages ? "HLS_WEB_REDIRECT" : "HLS_WEB_HSTS";
  const isNeeded = tls.redirectsPages || tls.strictSeconds > 0;
  if (isNeeded && (!isOn || tls.hlsAddr === "off")) {
    throw new ConfigError(
      `Cannot use ${needing}: expected TLS_CERT_FILE and TLS_KEY_FILE to be set and ` +
        "HLS_WEB_TLS_ADDR not to be off, since there is no HTTPS otherwise",
    );
  }
  const names = [
    ...["HLS_WEB_TLS_ADDR", "ECHO_TLS_ADDR", "STAT_WEB_TLS_ADDR", "RTMPS_ADDR"],
    "ICECAST_TLS_ADDR",
  ];
  const vain = isOn ? [] : names.filter(isSet);
  if (vain.length === 0) return;
  warnings.push(`TLS_CERT_FILE and TLS_KEY_FILE are unset: ${vain.join(", ")} means nothing`);
}

function hasPublicIngest({ control, icecast, rtmp, srt }: Config): boolean {
  return (rtmp.enabled && !isLoopbackHost(rtmp.addr.hostname)) ||
    (icecast.enabled && !isLoopbackHost(icecast.addr.hostname)) ||
    (control.enabled && !isLoopbackHost(srt.addr.hostname));
}
