/** Tokens that somebody else has signed, so that each costs a look at its signature. */
import { Issuer, keySetOf } from "../testing/tokens/issuer.ts";
import { type Attack, tally, times } from "./attack.ts";
import { inWords, type Target } from "./target.ts";

const ISSUER = new Issuer();
/** Calls its key as the issuer does. */
const STRANGER = new Issuer(ISSUER.kid);

/** What the server under attack checks tokens with. */
export const KEY_SET = keySetOf(ISSUER);

/** What a backend shows, and a listener. */
export const BACKEND = ISSUER.token([{ action: "control", name: "*" }]);
export const LISTENER = ISSUER.token([{ action: "listen", name: "*" }]);

const TOKENS = 6000;
const AT_A_TIME = 64;

/** No two are alike, and no two are from one address: nobody is known to guess. */
export const wrongTokens: Attack = {
  name: `${TOKENS} wrong tokens from as many addresses`,
  run: async (target) => {
    const start = performance.now();
    const statuses = await times(TOKENS, AT_A_TIME, (i) => {
      const token = STRANGER.token([{ action: "listen", name: "*" }], { claims: { jti: `${i}` } });
      const from = `203.${i >> 16 & 255}.${i >> 8 & 255}.${i & 255}`;
      return i % 4 === 0
        ? target.publishStatus("guessed", `Bearer ${token}`, from)
        : listenStatus(target, token, from);
    });
    const perSecond = Math.round(1000 * TOKENS / (performance.now() - start));
    const right = await listenStatus(target, LISTENER, "198.51.100.1");
    const dj = await target.newDj("has-a-token");
    return {
      held: statuses.every((status) => status === 401 || status === 403) && right === 200 &&
        dj.gotIn,
      counts: `wrong: ${tally(statuses)} (${perSecond} a second); right: ${right}; ${inWords(dj)}`,
    };
  },
};

async function listenStatus(target: Target, token: string, from: string): Promise<number> {
  const [name = ""] = target.onAir;
  const url = `http://127.0.0.1:${target.webPorts.hls}/cast/~${token}/${name}/playlist.m3u8`;
  const answer = await fetch(url, { headers: { "X-Forwarded-For": from } });
  await answer.body?.cancel();
  return answer.status;
}
