/**
 * The error for a wrong configuration.
 *
 * @module
 */
/** Why the server cannot start as it was told to; `message` is one line for the operator. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
