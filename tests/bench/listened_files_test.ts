/** What load generators are told to ask for: what listeners of live broadcasts ask for. */
import assert from "node:assert/strict";
import { filesOf, LivePaths } from "../../bench/listened_files.ts";
import { renderPlaylist } from "../../src/hls/playlist.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

Deno.test("listeners ask for a playlist and for the newest segment that it lists", async () => {
  await withFolder(async (folder) => {
    const playlistBytes = await writeBroadcast(folder, "demo", [7, 8]);
    assert.deepEqual(await filesOf(folder, "demo"), {
      playlist: { path: "/cast/demo/playlist.m3u8", bytes: playlistBytes },
      segment: { path: "/cast/demo/8-1.ts", bytes: 8 },
    });
  });
});

Deno.test("nothing is asked for of a broadcast that is not there, or that lists nothing", async () => {
  await withFolder(async (folder) => {
    await writeBroadcast(folder, "empty", []);
    assert.equal(await filesOf(folder, "empty"), undefined);
    assert.equal(await filesOf(folder, "gone"), undefined);
  });
});

Deno.test("what is asked for follows the broadcasts", async () => {
  await withFolder(async (folder) => {
    await writeBroadcast(folder, "a", [1]);
    await writeBroadcast(folder, "b", [2]);
    const paths = new LivePaths(folder, ["a", "b"], `${folder}/paths`);
    const pathsNow = async () => (await Deno.readTextFile(paths.file)).trim().split("\n");
    await paths.start();
    const first = ["/cast/a/playlist.m3u8", "/cast/a/1-1.ts"];
    assert.deepEqual(await pathsNow(), [...first, "/cast/b/playlist.m3u8", "/cast/b/2-1.ts"]);
    await writeBroadcast(folder, "b", [2, 3]);
    await paths.stop();
    assert.deepEqual(await pathsNow(), [...first, "/cast/b/playlist.m3u8", "/cast/b/3-1.ts"]);
  });
});

/** A broadcast on disk; each segment has as many bytes as its number. @returns the playlist's */
async function writeBroadcast(
  folder: string,
  name: string,
  sequences: readonly number[],
): Promise<number> {
  await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  for (const sequence of sequences) {
    await Deno.writeFile(`${folder}/${name}/${sequence}-1.ts`, new Uint8Array(sequence));
  }
  const text = renderPlaylist({
    targetDuration: 2,
    mediaSequence: sequences[0] ?? 0,
    discontinuitySequence: 0,
    segments: sequences.map((sequence) => ({
      uri: `${sequence}-1.ts`,
      durationUs: 2_000_000,
      discontinuity: false,
      wallMs: 1000,
    })),
    ended: false,
  });
  await Deno.writeTextFile(`${folder}/${name}/playlist.m3u8`, text);
  return text.length;
}
