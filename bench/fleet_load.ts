/**
 * A box of a fleet that has names and no audio, for the benchmark `fleet`. Arguments: the port of the
 * Redis, the box's id, and how many names it has.
 */
import { Member } from "../src/fleet/member.ts";
import { openRedisRegistry } from "../src/fleet/registry/redis_registry.ts";
import type { NameRecord } from "../src/fleet/registry.ts";
import { systemClock } from "../src/session/clock.ts";
import { type LoadFailures, reportLoad } from "./load_process.ts";

/** What a box says at its end. */
export interface FleetLoadEnd extends LoadFailures {
  /** Records that were saved since the names were claimed. */
  readonly saves: number;
  /** Names of which it knows. */
  readonly known: number;
}

/** Numbers are reserved for 16 segments of a second, and again when half of them are used. */
const SAVE_EVERY_MS = 8000;
const RESERVED = 8;
/** Of its names one ends and begins again, every so often. */
const RESTART_EVERY_MS = 1000;

const [port = "", box = "", names = ""] = Deno.args;
const member = new Member({
  clock: systemClock,
  registry: openRedisRegistry(systemClock, {
    hosts: [{ hostname: "127.0.0.1", port: Number(port) }],
    ...{ masterName: undefined, tls: false, username: undefined, password: undefined },
    database: 0,
  }),
  facts: {
    id: box,
    incarnation: crypto.randomUUID(),
    privateUrl: `http://${box}.test:5022`,
    publicAddress: { ip: "192.0.2.1", ports: { hls: 8080, rtmp: 1935, control: 5021 } },
    version: "2.0.0",
  },
  load: () => ({ sessions: Number(names), listeners: 0, cpu: 0, residentBytes: 0 }),
});
const known = new Set<string>();
member.onChange(({ names }) => {
  for (const name of names) known.add(name);
});
await member.start("KEY=1");
let saves = 0;
const own = Array.from({ length: Number(names) }, (_, i) => `${box}-show-${i}`);
for (const name of own) {
  await member.claim(name);
  known.add(name);
}
for (const [i, name] of own.entries()) {
  systemClock.after(SAVE_EVERY_MS * i / own.length, () => {
    systemClock.every(SAVE_EVERY_MS, () => save(name));
  });
}
let restarted = 0;
systemClock.every(RESTART_EVERY_MS, () => void restart(own[restarted++ % own.length] ?? ""));
await reportLoad({ startedAtMs: systemClock.now() }, () => {
  const { errors: failures, problem: firstFailure } = member.membership;
  return { failures, firstFailure, saves, known: known.size } satisfies FleetLoadEnd;
});
Deno.exit(0);

function save(name: string, changes: Partial<NameRecord> = {}): void {
  const record = member.find(name);
  if (record === undefined) return;
  saves++;
  const mediaSequence = record.mediaSequence + RESERVED;
  const props = { protocol: "rtmp", address: "192.0.2.7:51234", encoder: "FMLE/3.0" };
  member.save({ ...record, mediaSequence, endsAtMs: systemClock.now(), props, ...changes });
}

async function restart(name: string): Promise<void> {
  save(name, { state: "over" });
  await member.claim(name);
}
