/**
 * Feeds every parser of Echo's with mutated inputs, and tells of those that do what none may: an
 * error that is not the parser's own, more than 50 ms, memory without bound, no end.
 *
 *   deno task fuzz [MINUTES] [OPTION]...
 *
 *   MINUTES        how long; else 5
 *   --seed N       repeat the mutations of another run; else one of its own, which is printed
 *   --only A,B     these targets alone
 *
 * What is found is written to testing/fuzz/crashes, where the unit tests read it again. The exit code
 * is 1 where something was found.
 */
import { parseArgs } from "node:util";
import { saveCrash } from "./crashes.ts";
import { Crew, type Tally } from "./crew.ts";
import { TARGETS } from "./targets.ts";

const DEFAULT_MINUTES = 5;
const TELL_MS = 60_000;
const MAX_SHOWN_LENGTH = 1200;

async function main(args: string[]): Promise<number> {
  const { minutes, seed, targets } = parseOptions(args);
  console.log(`${targets.length} targets, ${minutes} minutes, seed ${seed}`);
  const startedAt = performance.now();
  const crew = new Crew(seed, Date.now() + minutes * 60_000);
  const told = new Set<string>();
  const timer = setInterval(async () => {
    await tellFindings(crew.tally, told);
    console.log(summaryOf(crew.tally, startedAt));
  }, TELL_MS);
  await crew.run(targets);
  clearInterval(timer);
  const { tally } = crew;
  console.log(tableOf(tally));
  await tellFindings(tally, told);
  console.log(summaryOf(tally, startedAt));
  return tally.findings.length > 0 ? 1 : 0;
}

/** Saves what was found since the last time, so that a run that is broken off loses little. */
async function tellFindings({ findings }: Tally, told: Set<string>): Promise<void> {
  for (const finding of findings) {
    const path = await saveCrash(finding);
    if (told.has(path)) continue;
    told.add(path);
    console.log(`${finding.kind} in ${finding.target}, ${finding.input.length} bytes: ${path}`);
    console.log(finding.why.slice(0, MAX_SHOWN_LENGTH));
  }
}

function parseOptions(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { seed: { type: "string" }, only: { type: "string" } },
  });
  const minutes = Number(positionals[0] ?? DEFAULT_MINUTES);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  if (!(minutes > 0)) {
    throw new TypeError(`Cannot parse minutes: expected a number, got ${minutes}`);
  }
  if (!Number.isSafeInteger(seed)) throw new TypeError("Cannot parse --seed: expected a number");
  const names = TARGETS.map(({ name }) => name);
  const targets = values.only?.split(",") ?? names;
  for (const target of targets.filter((target) => !names.includes(target))) {
    throw new TypeError(`Cannot find target ${target}: expected one of ${names.join(", ")}`);
  }
  return { minutes, seed, targets };
}

function tableOf({ progress, findings }: Tally): string {
  const rows = [...progress].map(([target, { inputs, ms, corpus, outcomes }]) => [
    target,
    ...[inputs, Math.round(inputs / ms * 1000), corpus, outcomes].map(String),
    String(findings.filter((finding) => finding.target === target).length),
  ]);
  return [["target", "inputs", "a second", "corpus", "outcomes", "findings"], ...rows]
    .map(([target = "", ...numbers]) =>
      target.padEnd(24) + numbers.map((number) => number.padStart(12)).join("")
    ).join("\n");
}

function summaryOf({ progress, findings }: Tally, startedAt: number): string {
  const inputs = [...progress.values()].reduce((sum, { inputs }) => sum + inputs, 0);
  const seconds = (performance.now() - startedAt) / 1000;
  return `${inputs} inputs in ${seconds.toFixed(0)} s, ${Math.round(inputs / seconds)} a second, ` +
    `${findings.length} findings`;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error(`fuzz: ${error instanceof Error ? error.message : error}`);
    Deno.exit(2);
  }
}
