/** What the configuration says of who may listen, and what is made of it in whatever thread. */
import type { Config } from "../config.ts";
import { PREROLL_NAME, PREROLL_PATH } from "../hls/routes.ts";
import { refusalPage } from "../pages/listener/refusal_page.ts";
import { ASSETS } from "../pages/listener/routes.ts";
import type { Clock } from "../session/clock.ts";
import type { KeySource } from "../tokens/key_set.ts";
import { ListenerEntrance } from "../tokens/listener_entrance.ts";
import { type TokenRules, TokenVerifier } from "../tokens/token_verifier.ts";

/** What listeners, or a CDN for them, have to show. */
export interface EntranceSettings {
  readonly originSecret: string | undefined;
  /** Which tokens count; `undefined` where none are needed. */
  readonly tokens: TokenRules | undefined;
}

/**
 * Who is let in.
 * @returns `undefined` where that is everybody
 * @throws {Error} where tokens are needed, and there are no keys to check them with
 */
export function listenerEntrance(
  { originSecret, tokens: rules }: EntranceSettings,
  { clock, path, keys }: {
    readonly clock: Pick<Clock, "now" | "monotonic" | "after">;
    readonly path: string;
    readonly keys: KeySource | undefined;
  },
): ListenerEntrance | undefined {
  if (originSecret === undefined && rules === undefined) return undefined;
  if (rules !== undefined && keys === undefined) {
    throw new Error("Cannot check tokens of listeners: there is no key set");
  }
  const tokens = rules && keys && new TokenVerifier({ ...rules, clock, keys });
  const places = { path, others: [PREROLL_PATH.slice(1)], open: ASSETS, common: PREROLL_NAME };
  return new ListenerEntrance({ ...places, clock, tokens, originSecret, page: refusalPage });
}

/** As the configuration has them. */
export function entranceSettings({ hls, tokens }: Config): EntranceSettings {
  const { issuer, audience } = tokens;
  return {
    originSecret: hls.originSecret,
    tokens: hls.auth === "jwt" ? { issuer, audience } : undefined,
  };
}
