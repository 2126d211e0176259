/**
 * Many listeners, each with a connection of its own: `listeners.ts PORT COUNT NAME …`. A program of
 * its own; it prints nothing, ends on SIGTERM, and tells then what they got.
 */
import { pause } from "./attack.ts";

const POLL_MS = 2000;

/** What all listeners together got. */
export interface Heard {
  readonly playlists: number;
  readonly segments: number;
  /** Requests that were not answered with 200, once the broadcast was on air. */
  readonly failures: number;
}

const heard = { playlists: 0, segments: 0, failures: 0 };
let isOver = false;

async function listen(base: string): Promise<void> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  let newest: string | undefined;
  const get = async (file: string): Promise<Uint8Array | undefined> => {
    try {
      const answer = await fetch(`${base}/${file}`, { client });
      const bytes = await answer.bytes();
      if (answer.ok) return bytes;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    if (newest !== undefined) heard.failures++;
    return undefined;
  };
  while (!isOver) {
    const playlist = await get("playlist.m3u8");
    if (playlist !== undefined) {
      heard.playlists++;
      const lines = new TextDecoder().decode(playlist).split("\n");
      const last = lines.findLast((line) => line !== "" && !line.startsWith("#"));
      if (last !== undefined && last !== newest && await get(last) !== undefined) heard.segments++;
      newest = last;
    }
    await pause(POLL_MS);
  }
}

if (import.meta.main) {
  const [port, count, ...names] = Deno.args;
  Deno.addSignalListener("SIGTERM", () => isOver = true);
  await Promise.all(Array.from({ length: Number(count) }, async (_, i) => {
    await pause(POLL_MS * i / Number(count));
    await listen(`http://127.0.0.1:${port}/cast/${names[i % names.length]}`);
  }));
  console.log(JSON.stringify(heard));
  Deno.exit(0);
}
