/** Playlists and segments that old players and caches know, byte for byte. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { Broadcast } from "../../testing/hls/broadcast.ts";
import { LowListener } from "../../testing/hls/low_listener.ts";

const GOLDEN_PLAYLIST = new URL("../../testing/hls/golden_playlist.m3u8", import.meta.url);
/** SHA-256 of their names and bytes, in order of the names. */
const GOLDEN_FILES = "44 files: 2e0d76bb939cd11e9ea350c79c2aa906839ea9e2c5c96bdb1ed70836b64417e3";

for (
  const [heard, listens] of [["in MPEG-TS alone", false], ["in low latency too", true]] as const
) {
  Deno.test(`playlist and MPEG-TS segments of a known broadcast heard ${heard} are what they always were`, async () => {
    const broadcast = await Broadcast.start();
    const listener = listens ? new LowListener(broadcast) : undefined;
    const look = async (pass: Promise<void>) => {
      await pass;
      await listener?.get("low-media.m3u8");
    };
    const first = broadcast.connect();
    for (let from = 0; from < 900; from += 100) await look(broadcast.live(first, from, from + 100));
    first.end("lost");
    await look(broadcast.pass(5000));
    const second = broadcast.connect();
    await look(broadcast.live(second, 1200, 1400));
    second.configure(audioConfig({ sampleRate: 44100, channelConfiguration: 1 }));
    await look(broadcast.live(second, 1400, 1600));
    second.end("finished");
    await look(broadcast.pass(12_000));
    const text = new TextDecoder().decode(broadcast.hls.find("demo")?.playlist()?.text);
    const { files } = broadcast.folder.stream("demo");
    const names = [...files.keys()].sort();
    const hash = createHash("sha256");
    for (const name of names) hash.update(`${name}\n`).update(files.get(name) ?? new Uint8Array());
    assert.equal(text, await Deno.readTextFile(GOLDEN_PLAYLIST));
    assert.equal(`${names.length} files: ${hash.digest("hex")}`, GOLDEN_FILES);
    listener?.origin.close();
    await broadcast.stop();
  });
}
