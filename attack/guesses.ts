/** Guesses of passwords, tokens and keys, beside somebody who knows them. */
import { PublishFailed, RtmpPublisher } from "../testing/rtmp/rtmp_publisher.ts";
import { type Attack, type Outcome, pause, tally, times } from "./attack.ts";
import { inWords, type Target } from "./target.ts";

/** Where guesses come from, as a trusted proxy tells it. */
const GUESSER = "203.0.113.7";
const HONEST = "198.51.100.1";
/** How many guess at the same time. */
const GUESSERS = 8;
/** So many guesses of one address may be answered; without a limit it is ten times that. */
const MOST_A_SECOND = 20;
/** Users of whom the server remembers nothing yet; all have the same password. */
export const USERS: readonly string[] = Array.from({ length: 10 }, (_, i) => `dj${i}`);

/** Eight wrong passwords at a time, which are slow to check. */
export const basicGuesses: Attack = {
  name: "guesses: Basic passwords",
  run: async (target) => {
    const [, password = ""] = target.credentials.basic.split(":");
    const { held, counts } = await guess(target, {
      wrong: (i) => `Basic ${btoa(`dj:wrong-${i}`)}`,
      right: USERS.map((user) => `Basic ${btoa(`${user}:${password}`)}`),
    });
    return { held, counts };
  },
};

/** The token of the control API. */
export const bearerGuesses: Attack = {
  name: "guesses: Bearer tokens",
  run: async (target) => {
    const { held, counts, perSecond } = await guess(target, {
      wrong: (i) => `Bearer wrong-${i}`,
      right: Array.from(USERS, () => `Bearer ${target.credentials.bearer}`),
    });
    return { held: held && perSecond <= MOST_A_SECOND, counts };
  },
};

/** Guesses for as long as the honest ones ask, one after the other. */
async function guess(
  target: Target,
  { wrong, right }: { readonly wrong: (i: number) => string; readonly right: readonly string[] },
): Promise<Outcome & { readonly perSecond: number }> {
  const guessed: number[] = [];
  let isOver = false;
  const start = performance.now();
  const guessing = Promise.all(Array.from({ length: GUESSERS }, async () => {
    while (!isOver) {
      const authorization = wrong(guessed.length);
      guessed.push(await target.publishStatus("guessed", authorization, GUESSER));
      await pause(20);
    }
  }));
  await pause(1000);
  const honest: number[] = [];
  for (const authorization of right) {
    honest.push(await target.publishStatus("knows", authorization, HONEST));
    await pause(100);
  }
  isOver = true;
  await guessing;
  const perSecond = Math.round(1000 * guessed.length / (performance.now() - start));
  return {
    held: honest.every((status) => status === 200) && !guessed.includes(200),
    counts: `wrong: ${tally(guessed)} (${perSecond} a second); right beside: ${tally(honest)}`,
    perSecond,
  };
}

/** Wrong tokens, and then the right one from the same address. */
export const signInGuesses: Attack = {
  name: "guesses: the operator's token",
  run: async (target) => {
    const ask = async (token: string) => {
      const url = `http://127.0.0.1:${target.webPorts.stat}/stat/1/listeners`;
      const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
      await answer.body?.cancel();
      return answer.status;
    };
    const signIn = async (token: string) => {
      const answer = await fetch(`http://127.0.0.1:${target.webPorts.stat}/sign-in`, {
        method: "POST",
        body: new URLSearchParams({ token }),
        redirect: "manual",
      });
      await answer.body?.cancel();
      return answer.status;
    };
    const wrong = [
      ...await times(20, 4, (i) => ask(`wrong-${i}`)),
      ...await times(20, 4, (i) => signIn(`wrong-${i}`)),
    ];
    const { statToken } = target.credentials;
    const right = [await ask(statToken), await signIn(statToken)];
    return {
      held: right.every((status) => status < 400) && wrong.every((status) => status >= 400),
      counts: `wrong: ${tally(wrong)}; right after it, same address: ${tally(right)}`,
    };
  },
};

/** Keys of a name that is on air. */
export const keyGuesses: Attack = {
  name: "guesses: keys of a live name, by RTMP",
  run: async (target) => {
    const [name = ""] = target.onAir;
    const results = await times(100, 8, async () => {
      try {
        const { rtmpPort: port } = target.server;
        const guesser = await RtmpPublisher.connect({ hostname: "127.0.0.1", port, app: "live" });
        try {
          await guesser.publish(`${name}?key=${crypto.randomUUID()}`);
          return "let in";
        } finally {
          await guesser.vanish();
        }
      } catch (error) {
        if (error instanceof PublishFailed) return error.code ?? "closed";
        if (error instanceof Deno.errors.ConnectionReset) return "closed";
        throw error;
      }
    });
    const dj = await target.newDj("knows-a-key");
    return {
      held: !results.includes("let in") && dj.gotIn,
      counts: `${tally(results)}; ${inWords(dj)}`,
    };
  },
};
