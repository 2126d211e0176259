/** The tokens of a running server: what they are checked with, and who checks them. */
import { usesTokens } from "../config/token_rules.ts";
import type { KeySetPlace } from "../tokens/key_set.ts";
import { KeySet, keySetAtUrl, keySetInFile } from "../tokens/key_set.ts";
import { TokenVerifier } from "../tokens/token_verifier.ts";
import type { Config } from "../config.ts";
import type { Clock } from "../session/clock.ts";
import type { Health } from "../stat/health.ts";
import type { Stops } from "./stops.ts";

/** What checks tokens. */
export interface Tokens {
  readonly keys: KeySet;
  /** Of this thread: the others have their own. */
  readonly verifier: TokenVerifier;
}

/** What tokens have to do with. */
export interface TokenParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly stops: Stops;
  readonly health: Health;
}

/** Makes what checks tokens. @returns `undefined` where nobody is let in by one */
export function openTokens({ config, clock, stops, health }: TokenParts): Tokens | undefined {
  const place = keySetPlace(config);
  if (place === undefined || !usesTokens(config)) return undefined;
  const keys = new KeySet({ clock, place });
  stops.add(() => keys.close());
  health.add("tokens", () => [keys.problem]);
  const { issuer, audience } = config.tokens;
  return { keys, verifier: new TokenVerifier({ clock, keys, issuer, audience }) };
}

/**
 * Reads the key set. A server that cannot be reached now may be reached later; a file that is wrong is
 * a mistake.
 * @throws {Error} where the file cannot be used
 */
export async function startTokens(
  { config, tokens }: Pick<TokenParts, "config"> & { readonly tokens: Tokens | undefined },
): Promise<void> {
  const reading = tokens?.keys.renew();
  if (config.tokens.keysFile === undefined) return;
  await reading;
  const problem = tokens?.keys.problem;
  if (problem !== undefined) throw new Error(problem);
}

/** Where the key set is; `undefined` where the configuration names none. */
export function keySetPlace({ tokens: { keysUrl, keysFile } }: Config): KeySetPlace | undefined {
  if (keysUrl !== undefined) return keySetAtUrl(keysUrl);
  return keysFile === undefined ? undefined : keySetInFile(keysFile);
}
