/** Checks whether the key set can be had that tokens are checked with. */
import { usesTokens } from "../../config/token_rules.ts";
import type { Config } from "../../config.ts";
import { systemClock } from "../../session/clock.ts";
import { KeySet } from "../../tokens/key_set.ts";
import { keySetPlace } from "../tokens.ts";
import { error, type Finding } from "./finding.ts";

/** Reads the key set as the server does. */
export async function checkKeySet(config: Config): Promise<Finding[]> {
  const place = keySetPlace(config);
  if (place === undefined || !usesTokens(config)) return [];
  const keys = new KeySet({ clock: systemClock, place });
  await keys.renew();
  keys.close();
  return keys.problem === undefined ? [] : [error(keys.problem)];
}
