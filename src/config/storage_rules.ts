/** Rules about object storage: what it needs, and what it cannot do. */
import type { Config } from "../config.ts";
import { ConfigError } from "./config_error.ts";

/**
 * Checks the variables of object storage against each other.
 * @param isSet whether the variable of that name was given
 * @returns warnings
 * @throws {ConfigError}
 */
export function checkStorageRules(
  { record, storage }: Pick<Config, "record" | "storage">,
  isSet: (name: string) => boolean,
): string[] {
  const needed = {
    S3_BUCKET: storage.bucket,
    S3_ACCESS_KEY_ID: storage.accessKeyId,
    S3_SECRET_ACCESS_KEY: storage.secretAccessKey,
  };
  if (storage.url === undefined) {
    const vain = [...Object.keys(needed), "S3_PUBLIC_URL", "S3_MAX_AGE"].filter(isSet);
    if (!storage.keepsFiles) vain.push("RECORD_KEEP");
    return vain.length === 0 ? [] : [`S3_URL is unset: ${vain.join(", ")} means nothing`];
  }
  const missing = Object.entries(needed).find(([, value]) => value === undefined);
  if (missing !== undefined) {
    throw new ConfigError(`Cannot use S3_URL: expected ${missing[0]} to be set too, got nothing`);
  }
  if (record.append) {
    throw new ConfigError(
      "Cannot use RECORD_APPEND: expected it to be 0 where S3_URL is set, since what is in a " +
        "bucket does not grow, got 1",
    );
  }
  return record.enabled ? [] : ["S3_URL is set, and RECORD_ENABLED is off: nothing goes there"];
}
