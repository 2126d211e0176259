/**
 * Attacks a server of its own on loopback, beside honest clients, and tells what held:
 * `deno task attack [ROUND …] [--only REGEXP] [--tolerance MS] [--quiet SECONDS]`. Exits with 1 where
 * something did not hold.
 */
import { parseArgs } from "node:util";
import type { Phase } from "./attack.ts";
import { renderRows } from "./report.ts";
import { ROUNDS } from "./rounds.ts";
import { type RoundOptions, runRound } from "./run_round.ts";

const EXIT_NOT_HELD = 1;
const EXIT_USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      tolerance: { type: "string", default: "500" },
      quiet: { type: "string", default: "60" },
      only: { type: "string", default: "" },
    },
  });
  const options: RoundOptions = {
    toleranceMs: Number(values.tolerance),
    quietMs: 1000 * Number(values.quiet),
  };
  const names = positionals.length > 0 ? positionals : Object.keys(ROUNDS);
  if (names.some((name) => ROUNDS[name] === undefined)) {
    console.error(`Usage: deno task attack [${Object.keys(ROUNDS).join("|")}] …`);
    return EXIT_USAGE;
  }
  let [held, all] = [0, 0];
  for (const name of names) {
    const round = ROUNDS[name];
    if (round === undefined) continue;
    const phases = phasesNamed(round.phases, new RegExp(values.only));
    if (phases.length === 0) continue;
    const rows = await runRound({ ...round, phases }, options);
    console.log(renderRows(`${name}: ${round.title}`, rows));
    held += rows.filter((row) => row.held).length;
    all += rows.length;
  }
  console.log(`${held} of ${all} held; late is more than 1000 + ${options.toleranceMs} ms`);
  return held === all ? 0 : EXIT_NOT_HELD;
}

/** What remains of `phases` where only attacks are meant whose name fits. */
function phasesNamed(phases: readonly Phase[], pattern: RegExp): Phase[] {
  return phases
    .map((phase) => ({
      ...phase,
      attacks: phase.attacks.filter(({ name }) => pattern.test(name)),
    }))
    .filter(({ attacks }) => attacks.length > 0);
}

Deno.exit(await main(Deno.args));
