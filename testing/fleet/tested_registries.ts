/** Registries of both kinds, each with what befalls it. */
import { openRedisRegistry } from "../../src/fleet/registry/redis_registry.ts";
import { MemoryRegistry } from "../../src/fleet/registry/memory_registry.ts";
import { BOX_LIFE_MS, type BoxRecord, type Registry } from "../../src/fleet/registry.ts";
import { systemClock } from "../../src/session/clock.ts";
import { redisUrl } from "../../src/config/redis_url.ts";
import { FakeClock } from "../fake_clock.ts";
import { RedisServer } from "./redis_server.ts";

/** A registry, and what befalls it. */
export interface TestedRegistry {
  readonly registry: Registry;
  /** Boxes have not beaten for too long. */
  silence(...boxes: readonly string[]): Promise<void>;
  /** It has forgotten everything. */
  forget(): Promise<void>;
  /** What was told of names is older by this. */
  age(ms: number): Promise<void>;
}

/** Runs `test` with a registry of each kind, as a step for each. */
export async function withEachRegistry(
  context: Deno.TestContext,
  test: (tested: TestedRegistry) => Promise<void>,
): Promise<void> {
  await context.step("in memory", async () => await test(inMemory()));
  await context.step("on Redis", async () => {
    await using redis = await RedisServer.start();
    const registry = openRegistry(redis.url);
    try {
      await test({
        registry,
        async silence(...boxes) {
          for (const box of boxes) await redis.ask("DEL", `{echo}:b:${box}`);
        },
        forget: async () => void await redis.ask("FLUSHALL"),
        async age(ms) {
          for (const key of ["{echo}:names", "{echo}:unheard"]) {
            await redis.ask("EVAL", AGE, "1", key, `${-ms}`);
          }
        },
      });
    } finally {
      await registry.close();
    }
  });
}

/** A registry on the Redis at a URL. @throws {TypeError} where it is no such URL */
export function openRegistry(url: string): Registry {
  const servers = redisUrl.parse(url);
  if (servers === undefined) {
    throw new TypeError(`Cannot parse ${url}: expected ${redisUrl.allowed}`);
  }
  return openRedisRegistry(systemClock, servers);
}

/** A box that runs. @param run tells one run of its process from another */
export function boxRecord(id: string, run: string = "1", alike: string = "KEY=1"): BoxRecord {
  return {
    id,
    incarnation: `${id}-run${run}`,
    privateUrl: `http://${id}.test:5022`,
    publicAddress: { ip: "192.0.2.1", ports: { hls: 8080, rtmp: 1935 } },
    load: { sessions: 3, listeners: 40, cpu: 0.25, residentBytes: 100_000_000 },
    state: "open",
    alike,
    version: "2.0.0",
  };
}

function inMemory(): TestedRegistry {
  const clock = new FakeClock();
  const registry = new MemoryRegistry(clock);
  return {
    registry,
    async silence(...boxes) {
      const { boxes: alive } = await registry.changes(0);
      await clock.advance(BOX_LIFE_MS);
      for (const { ageMs: _, ...box } of alive) {
        if (!boxes.includes(box.id)) await registry.beat(box, 0);
      }
    },
    forget() {
      registry.forget();
      return Promise.resolve();
    },
    age: (ms) => clock.advance(ms),
  };
}

/** Adds to the scores of all members of a sorted set. */
const AGE = `
for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  redis.call('ZINCRBY', KEYS[1], ARGV[1], name)
end
return 'done'`;
