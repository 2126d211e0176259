/** A server that is short of descriptors, of time or of room on its disk. */
import { until } from "../testing/until.ts";
import { Flood, SrtFlood } from "../testing/e2e/flood.ts";
import { type Attack, pause } from "./attack.ts";
import { inWords } from "./target.ts";
import { TcpClient } from "./tcp_client.ts";

/** What the server may have open, in the round that tries it. */
export const DESCRIPTORS = 256;
const CONNECTIONS = 120;
const FLOOD_MS = 15_000;

/** Connections that take all descriptors. */
export const descriptors: Attack = {
  name: `shortage: ${DESCRIPTORS} descriptors`,
  run: async (target) => {
    const { server } = target;
    const web = Object.values(target.webPorts);
    const before = descriptorsOf(server.pid);
    let attempts = 0;
    {
      await using flood = new Flood([...web, target.rtmpPort], CONNECTIONS);
      await using _srt = new SrtFlood(target.srtPort, 10);
      await pause(FLOOD_MS);
      attempts = [...flood.attempts.values()].reduce((sum, count) => sum + count, 0);
    }
    const start = performance.now();
    for (const port of web) await until(`port ${port} is open`, () => isOpen(port));
    const ms = Math.round(performance.now() - start);
    await until("they are given back", () => descriptorsOf(server.pid) <= before + 10);
    const dj = await target.newDj("after-flood");
    return {
      held: dj.gotIn,
      counts: `${attempts} connections; ports open again after ${ms} ms; ` +
        `${before} descriptors before, ${descriptorsOf(server.pid)} after; ${inWords(dj)}`,
    };
  },
};

async function isOpen(port: number): Promise<boolean> {
  using client = await TcpClient.connect(port);
  return client !== undefined;
}

function descriptorsOf(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

const STOPPED_MS = 3000;

/** The process stands still, as a machine does that is moved or swaps. */
export const standstill: Attack = {
  name: `shortage: SIGSTOP for ${STOPPED_MS / 1000} s`,
  run: async (target) => {
    target.server.kill("SIGSTOP");
    await pause(STOPPED_MS);
    target.server.kill("SIGCONT");
    await pause(8000);
    const dj = await target.newDj("after-stop");
    return { held: dj.gotIn, counts: inWords(dj) };
  },
};

/** The disk is filled by others, and has room again later. */
export const fullDisk: Attack = {
  name: "shortage: a full disk",
  run: async (target) => {
    const filler = `${target.output}/filler`;
    const bytes = await fill(filler);
    await pause(FULL_MS);
    const dj = await target.newDj("on-full-disk");
    await Deno.remove(filler);
    await pause(RETRY_MS);
    const before = await sizeOf(`${target.output}/record`);
    await pause(4000);
    const grown = await sizeOf(`${target.output}/record`) - before;
    return {
      held: dj.gotIn && grown > 0,
      counts:
        `filled with ${(bytes / 1e6).toFixed(0)} MB for ${FULL_MS / 1000} s; ${inWords(dj)}; ` +
        `${Math.round(grown / 1000)} kB recorded in the 4 s from ${RETRY_MS / 1000} s after that`,
    };
  },
};

const FULL_MS = 10_000;
/** By then, what could not be written is tried again. */
const RETRY_MS = 12_000;
/** For how long at most nothing is recorded; that there is no room shows with the next write. */
export const NO_ROOM_MS = FULL_MS + RETRY_MS + 2000;

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name } of Deno.readDir(folder)) {
    bytes += (await Deno.stat(`${folder}/${name}`)).size;
  }
  return bytes;
}

/** Leaves nothing free. @returns how much that took */
async function fill(file: string): Promise<number> {
  using filler = await Deno.open(file, { create: true, write: true });
  let written = 0;
  for (let bytes = 65_536; bytes > 0; bytes >>= 1) {
    try {
      for (;;) written += await filler.write(new Uint8Array(bytes));
    } catch (error) {
      if (!/No space left/.test(String(error))) throw error;
    }
  }
  return written;
}
