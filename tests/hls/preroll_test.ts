/** Which folders of preroll are taken, and what is said of the others. */
import assert from "node:assert/strict";
import { loadPreroll, PrerollError } from "../../src/hls/preroll.ts";
import { encode, run } from "../../testing/audio/ffmpeg.ts";
import { encodeMp3 } from "../../testing/audio/mp3_streams.ts";

async function folder(files: Record<string, Uint8Array | string>): Promise<string> {
  const path = await Deno.makeTempDir();
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(`${path}/${name}`, bytes);
  }
  return path;
}

async function problems(files: Record<string, Uint8Array | string>): Promise<readonly string[]> {
  const path = await folder(files);
  try {
    await loadPreroll(path);
    return [];
  } catch (error) {
    assert.ok(error instanceof PrerollError, String(error));
    return error.problems;
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

Deno.test("segments in MPEG-TS and ADTS are taken, with their exact lengths", async () => {
  const path = await folder({
    "live.m3u8": "#EXTM3U\n#EXTINF:1.0,\na.ts\n#EXT-X-DISCONTINUITY\r\n#EXTINF:1.02,\nb.aac\n",
    "a.ts": await encode({ format: "mpegts" }),
    "b.aac": await encode({ rate: 44_100 }),
  });
  const preroll = await loadPreroll(path);
  const beside = await loadPreroll(path, true);
  await Deno.remove(path, { recursive: true });
  // Relative, so that players keep a token that stands before the name.
  assert.deepEqual(beside.entries.map(({ uri }) => uri), ["../~prerole/a.ts", "../~prerole/b.aac"]);
  assert.deepEqual(preroll.entries.map((entry) => [entry.uri, entry.discontinuity]), [
    ["/prerole/a.ts", false],
    ["/prerole/b.aac", true],
  ]);
  for (const { durationUs } of preroll.entries) {
    assert.ok(Math.abs(durationUs - 1_000_000) < 60_000);
  }
  assert.equal(preroll.files.get("b.aac")?.type, "audio/aac");
});

Deno.test("MP3 in MPEG-TS is taken, and not played in low latency", async () => {
  const ts = (mp3: Uint8Array) => {
    const remux = ["-f", "mp3", "-i", "pipe:0", "-c", "copy", "-f", "mpegts", "pipe:1"];
    return run("ffmpeg", remux, mp3, "error");
  };
  const path = await folder({
    "live.m3u8": "#EXTM3U\n#EXTINF:1.0,\na.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:1.0,\nb.ts\n",
    "a.ts": await ts(await encodeMp3()),
    "b.ts": await encode({ format: "mpegts" }),
  });
  const { entries, low } = await loadPreroll(path);
  await Deno.remove(path, { recursive: true });
  assert.deepEqual(entries.map(({ discontinuity }) => discontinuity), [false, true]);
  assert.ok(entries.every(({ durationUs }) => Math.abs(durationUs - 1_000_000) < 60_000));
  assert.equal(low.size, 0);
});

Deno.test("another file of the same name has another entity tag, the same file the same", async () => {
  const tagOf = async (content: Uint8Array) => {
    const path = await folder({ "live.m3u8": "#EXTM3U\n#EXTINF:1.0,\na.aac\n", "a.aac": content });
    const preroll = await loadPreroll(path);
    await Deno.remove(path, { recursive: true });
    return preroll.files.get("a.aac")?.etag;
  };
  const [jingle, other] = [await encode({ rate: 44_100 }), await encode({ rate: 48_000 })];
  assert.match(await tagOf(jingle) ?? "", /^"[^"]+"$/);
  assert.equal(await tagOf(jingle), await tagOf(jingle));
  assert.notEqual(await tagOf(jingle), await tagOf(other));
});

Deno.test("all that is wrong with a folder is said, each with its place", async () => {
  const video =
    "#EXTM3U\n#EXTINF:1,\n../a.ts\n#EXTINF:1,\nb.mp4\n#EXTINF:1,\nc.ts\n#EXTINF:9,\nd.aac\n" +
    "#EXTINF:1,\ne.ts\n";
  const found = await problems({
    "live.m3u8": video,
    "d.aac": await encode({ seconds: 2 }),
    "e.ts": new Uint8Array(1880).fill(0x47),
  });
  assert.equal(found.length, 5);
  assert.match(found[0] ?? "", /^\.\.\/a\.ts is not the name/);
  assert.match(found[1] ?? "", /^b\.mp4 is not the name/);
  assert.match(found[2] ?? "", /^c\.ts: No such file/);
  assert.match(found[3] ?? "", /^d\.aac: it lasts 2\.\d+ s, its EXTINF says 9 s/);
  assert.match(found[4] ?? "", /^e\.ts: /);
});

Deno.test("a folder without a playlist, with another file for one, or an empty one is refused", async () => {
  assert.match((await problems({})).join(), /live\.m3u8 cannot be read/);
  assert.match((await problems({ "live.m3u8": "hello" })).join(), /no media playlist/);
  assert.match((await problems({ "live.m3u8": "#EXTM3U\na.ts\n" })).join(), /EXTINF/);
  assert.match((await problems({ "live.m3u8": "#EXTM3U\n" })).join(), /lists no segment/);
});
