/** What can befall a fleet, each as a thing that is done and is over in the end. */
import { setTimeout as pause } from "node:timers/promises";
import { together } from "../e2e/scenario.ts";
import { Child } from "../child.ts";
import type { Fleet } from "./fleet.ts";
import { REDIS } from "./fleet_network.ts";
import { RedisSentinels } from "./redis_sentinels.ts";
import { RedisServer } from "./redis_server.ts";
import type { RovingEncoder } from "./roving_encoder.ts";

/** How long a box stands still: longer than boxes are known for that say nothing. */
export const STOPPED_MS = 8000;
const SEPARATED_MS = 8000;
const REDIS_GONE_MS = 20_000;
/** Boxes ask it more often. */
const REDIS_MISSED_MS = 3000;
const REDIS_PAUSED_MS = 5000;
const BOX_GONE_MS = 8000;

/** What a fault is about. */
export interface Scene {
  readonly fleet: Fleet;
  /** The one name that is on air. */
  readonly name: string;
  /** The box that had it when the fault began. */
  readonly owner: string;
  /** Its DJ, who can go to another box. */
  readonly dj: Pick<RovingEncoder, "leave">;
  /** Resolves once all boxes list new segments; rejects where they do not. */
  readonly goesOn: () => Promise<void>;
  /** Any file of audio. */
  readonly clip: string;
}

/** One kind of fault. */
export interface Fault {
  /** What is said of it. */
  readonly what: string;
  /** Whether listeners may notice it: else their playlists go on as if nothing was. */
  readonly noticed: boolean;
  /** Whether it can be had in this fleet. */
  readonly fits: (fleet: Fleet) => boolean;
  readonly run: (scene: Scene) => Promise<void>;
}

/** All kinds. */
export const FAULTS: readonly Fault[] = [
  {
    what: "the owner is killed, and is back later",
    noticed: true,
    fits: () => true,
    run: ({ fleet, owner }) => fleet.killed(owner, () => pause(BOX_GONE_MS)),
  },
  {
    what: "the owner stands still",
    noticed: true,
    fits: () => true,
    run: ({ fleet, owner }) => stopped(fleet, owner),
  },
  {
    what: "the owner does not reach Redis",
    noticed: false,
    fits: isStandalone,
    run: ({ fleet, owner }) => separated(fleet, owner, [REDIS]),
  },
  {
    what: "the owner does not reach another box",
    noticed: true,
    fits: isStandalone,
    run: ({ fleet, owner }) => separated(fleet, owner, fleet.others(owner).slice(0, 1)),
  },
  {
    what: "the owner reaches neither Redis nor the others",
    noticed: true,
    fits: isStandalone,
    run: ({ fleet, owner }) => separated(fleet, owner, [REDIS, ...fleet.others(owner)]),
  },
  {
    what: "the owner stands still, and its DJ goes elsewhere",
    noticed: true,
    fits: () => true,
    run: ({ fleet, owner, dj }) => stopped(fleet, owner, dj),
  },
  {
    what: "the owner reaches neither Redis nor the others, and its DJ goes elsewhere",
    noticed: true,
    fits: isStandalone,
    run: ({ fleet, owner, dj }) => separated(fleet, owner, [REDIS, ...fleet.others(owner)], dj),
  },
  {
    what: "Redis is gone, and comes back empty",
    noticed: false,
    fits: isStandalone,
    run: ({ fleet }) => withoutRedis(fleet, REDIS_GONE_MS),
  },
  {
    what: "Redis is gone, and the DJ goes elsewhere meanwhile",
    noticed: false,
    fits: isStandalone,
    run: ({ fleet, dj, goesOn }) => {
      return withoutRedis(fleet, REDIS_GONE_MS, async () => {
        dj.leave();
        await goesOn();
      });
    },
  },
  {
    what: "Redis is emptied",
    noticed: false,
    fits: () => true,
    run: async ({ fleet }) => void await fleet.directory.ask("FLUSHALL"),
  },
  {
    what: "Redis does not answer for a while",
    noticed: false,
    fits: () => true,
    run: async ({ fleet }) => {
      await fleet.directory.ask("CLIENT", "PAUSE", `${REDIS_PAUSED_MS}`, "ALL");
      await pause(REDIS_PAUSED_MS);
    },
  },
  {
    what: "another Redis takes over",
    noticed: false,
    fits: (fleet) => fleet.directory instanceof RedisSentinels,
    run: async ({ fleet: { directory } }) => {
      if (directory instanceof RedisSentinels) await directory.failOver();
    },
  },
  {
    what: "all boxes start together",
    noticed: true,
    fits: () => true,
    run: async ({ fleet }) => {
      await together(fleet.boxes, (box) => box.stop("SIGKILL"));
      await together(fleet.boxes, (box) => box.startAgain());
      await fleet.joined();
    },
  },
  {
    what: "another DJ wants the name at another box",
    noticed: false,
    fits: () => true,
    run: ({ fleet, name, owner, clip }) => intruded(fleet, { name, owner, clip }),
  },
];

/**
 * Redis is gone for so long, and comes back empty.
 * @param meanwhile done once all boxes know that it is gone
 */
export async function withoutRedis(
  { directory }: Fleet,
  ms: number,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  if (!(directory instanceof RedisServer)) return;
  await directory.stop();
  await pause(REDIS_MISSED_MS);
  await meanwhile();
  await pause(ms - REDIS_MISSED_MS);
  await directory.startAgain();
}

function isStandalone({ directory }: Fleet): boolean {
  return directory instanceof RedisServer;
}

/** @param leaving a DJ who goes elsewhere meanwhile */
async function stopped(fleet: Fleet, id: string, leaving?: Scene["dj"]): Promise<void> {
  fleet.box(id).kill("SIGSTOP");
  leaving?.leave();
  try {
    await pause(STOPPED_MS);
  } finally {
    fleet.box(id).kill("SIGCONT");
  }
}

/** @param leaving a DJ who goes elsewhere meanwhile */
async function separated(
  fleet: Fleet,
  id: string,
  others: readonly string[],
  leaving?: Scene["dj"],
): Promise<void> {
  fleet.network?.separate(id, others);
  leaving?.leave();
  try {
    await pause(SEPARATED_MS);
  } finally {
    fleet.mend();
  }
}

/** Somebody who does not give up publishes at two other boxes at once. */
async function intruded(
  fleet: Fleet,
  { name, owner, clip }: Pick<Scene, "name" | "owner" | "clip">,
): Promise<void> {
  const args = ["-nostdin", "-v", "error", "-re", "-i", clip, "-c", "copy", "-t", "4", "-f", "flv"];
  await together(fleet.others(owner), async (id) => {
    await using dj = new Child("ffmpeg", [...args, fleet.box(id).rtmpUrl(`live/${name}`)]);
    await dj.end();
  });
}
