/** Configurations by their environment, and what is said of them. */
import assert from "node:assert/strict";
import type { Config } from "../../src/config.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { loadConfig } from "../../src/config/load.ts";

/** A key of the cookie. */
export const KEY = "0123456789abcdef0123456789abcdef";

/** An environment that gives no cause for a warning. */
export const QUIET = {
  ECHO_AUTH: "key",
  ECHO_BEARER_TOKEN: "t0ken",
  ECHO_PRIV_KEY: KEY,
  ECHO_SRT_PUB_IP: "192.0.2.1",
};

/** The configuration of an environment, and of a file. */
export function load(env: Record<string, string>, fileText?: string): Config {
  return loadConfig(env, fileText).config;
}

/** What is warned about, beside {@link QUIET}. */
export function warningsOf(env: Record<string, string>): readonly string[] {
  return loadConfig({ ...QUIET, ...env }).warnings;
}

/** Why an environment stops the start. */
export function refusalOf(env: Record<string, string>): string {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.ok(!error.message.includes("\n"), "the refusal is one line");
    return error.message;
  }
  return assert.fail("the configuration was accepted");
}
