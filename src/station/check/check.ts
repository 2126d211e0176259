/** `echo check`: says what would fail, before the server starts. */
import { ConfigError } from "../../config/config_error.ts";
import { DEFAULT_ENV_FILE, readEnvFile } from "../../config/env_file.ts";
import { loadConfig } from "../../config/load.ts";
import { systemClock } from "../../session/clock.ts";
import { checkCertificate } from "./certificate.ts";
import { error, type Finding, warning } from "./finding.ts";
import { checkFolders } from "./folders.ts";
import { checkHookServer } from "./hook_server.ts";
import { checkKeySet } from "./key_set.ts";
import { checkClock, checkDescriptors, checkLibsrt } from "./machine.ts";
import { checkNamedFiles, checkSecretFile } from "./named_files.ts";
import { checkPorts } from "./ports.ts";
import { checkRedis } from "./redis.ts";
import { checkStorage } from "./storage.ts";

/**
 * Everything that was found, in the order of the start. Nothing is changed or made.
 * @param env the process environment
 * @param envFile the env file that was named
 */
export async function check(
  env: Readonly<Record<string, string>>,
  envFile: string | undefined,
): Promise<Finding[]> {
  try {
    const text = await readEnvFile(envFile);
    const { config, warnings } = loadConfig(env, text);
    const read = text === undefined ? undefined : envFile ?? DEFAULT_ENV_FILE;
    return [
      ...warnings.map(warning),
      ...await checkSecretFile(read),
      ...await checkNamedFiles(config),
      ...await checkCertificate(config),
      ...await checkKeySet(config),
      ...await checkFolders(config),
      ...await checkPorts(config),
      ...await checkLibsrt(config),
      ...await checkHookServer(config),
      ...await checkRedis(config),
      ...await checkStorage(config),
      ...await checkClock(config, systemClock.now()),
      ...checkDescriptors(config),
    ];
  } catch (thrown) {
    // Without a configuration there is nothing else to look at.
    if (thrown instanceof ConfigError) return [error(thrown.message)];
    throw thrown;
  }
}
