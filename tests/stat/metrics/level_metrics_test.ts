/** Metrics of how loud broadcasts are: the quietest by name, and how many are dead air. */
import assert from "node:assert/strict";
import { Registry } from "prom-client";
import type { Session } from "../../../src/session/session.ts";
import { registerLevelMetrics } from "../../../src/stat/metrics/level_metrics.ts";

/** A session as far as these metrics look at it. */
function session(name: string, levelDb: number | undefined, isDeadAir = false): Session {
  const heard = { name, state: "publishing", sound: { levelDb, isDeadAir, silentMs: 0 } } as const;
  return heard as unknown as Session;
}

async function samplesOf(sessions: readonly Session[]): Promise<string[]> {
  const registry = new Registry();
  registerLevelMetrics(registry, { sessions });
  return (await registry.metrics()).split("\n").filter((line) => /^\w/.test(line));
}

Deno.test("levels are told by name, digital silence as -100, and what is not known is not", async () => {
  assert.deepEqual(
    await samplesOf([
      session("loud", -12.34),
      session("mute", -Infinity, true),
      session("strange", undefined),
    ]),
    [
      "echo_dead_air 1",
      'echo_name_level_dbfs{name="mute"} -100',
      'echo_name_level_dbfs{name="loud"} -12.3',
      'echo_name_dead_air{name="mute"} 1',
      'echo_name_dead_air{name="loud"} 0',
    ],
  );
});

Deno.test("the 10 quietest have names, those of dead air before all others", async () => {
  const many = Array.from({ length: 500 }, (_, i) => session(`show-${i}`, -i / 10, i === 3));
  const samples = await samplesOf(many);
  assert.equal(samples.length, 21);
  assert.equal(samples[1], 'echo_name_level_dbfs{name="show-3"} -0.3');
  assert.equal(samples[2], 'echo_name_level_dbfs{name="show-499"} -49.9');
});
