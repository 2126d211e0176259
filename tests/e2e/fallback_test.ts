/**
 * A DJ who is lost gives way to the fallback file, frame for frame on the same timeline, and is heard
 * again once he has sent sound for three seconds.
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { codecOf } from "../../src/audio/codec_of.ts";
import { accessUnits, adtsStream } from "../../testing/audio/access_units.ts";
import { mp3Frames } from "../../testing/audio/mp3_streams.ts";
import { partsOf } from "../../testing/e2e/audio_sent.ts";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { decoderWarnings, Encoder, Media, packetsOf } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { md5 } from "../../testing/mp4/readers.ts";
import { until } from "../../testing/until.ts";

const SILENT_UNIT = Uint8Array.fromHex("21000000001c");
/** At 44.1 kHz. */
const FRAME_MS = { aac: 1024 / 44.1, mp3: 1152 / 44.1 };

/** What FFmpeg prints of every file that has frames alone. */
const OF_EVERY_STREAM = /Estimating duration from bitrate/;

/** A show, and whether recordings have the fallback. */
const SHOWS = [
  { codec: "aac", isRecorded: "0" },
  { codec: "aac", isRecorded: "1" },
  { codec: "mp3", isRecorded: "0" },
] as const;

scenario("a DJ who is lost gives way to the fallback file until he is back", async () => {
  await using media = await Media.create();
  const files = { aac: await encodeAac(media), mp3: await encodeMp3(media) };
  await together(SHOWS, async ({ codec, isRecorded }) => {
    const { clip, file, unitsOf, silence } = files[codec];
    const [sent, looped] = [await unitsOf(clip), await unitsOf(file)];
    const env = { FALLBACK_FILE: file, RECORD_FALLBACK: isRecorded };
    await using server = await EchoServer.start({ env });
    const options = { exceptions: ["deliberateEnd"] } as const;
    const url = server.playlistUrl("demo");
    // There is no low latency in MP3.
    await using follower = codec === "aac"
      ? new BothFormsFollower(url, options)
      : new PlaylistFollower(url, options);
    const heard = () => follower.accessUnits.map(md5);
    const heardOf = (units: readonly string[]) => {
      const known = new Set(units);
      return heard().filter((unit) => known.has(unit)).length;
    };

    await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
    await until("it is on air", () => follower.segments.size >= 3);
    const warnings = decoderWarnings(url);
    const captured = capture(url.replace("playlist.m3u8", `stream.${codec}`));
    await encoder.stop("SIGKILL");
    await until("the file is heard more than twice", () => heardOf(looped) > 2.5 * looped.length);
    await using returned = new Encoder(clip, server.rtmpUrl("live/demo"));
    const later = sent.slice(Math.ceil(4000 / FRAME_MS[codec]));
    await until("the DJ is heard again", () => heardOf(later) >= 50);
    await returned.stop("SIGINT");
    assert.deepEqual(await warnings, [], codec);

    const [first, fallback, second] = partsOf(heard(), { sent, looped, silence });
    assert.deepEqual(first, sent.slice(0, first.length));
    assert.deepEqual(fallback, fallback.map((_, i) => looped[i % looped.length]));
    // The first frame of MP3 would be noise behind others.
    const again = codec === "mp3" ? second.slice(1) : second;
    if (codec === "mp3") assert.equal(second[0], silence);
    const back = sent.indexOf(again[0] ?? "");
    const backMs = back * FRAME_MS[codec];
    assert.ok(backMs > 2950 && backMs < 3500, `he is heard again after ${backMs} ms`);
    assert.deepEqual(again, sent.slice(back, back + again.length));
    const segments = [...follower.segments.values()];
    assert.ok(segments.every(({ listed }) => !listed.discontinuity));

    const path = `${server.folder}/captured.${codec}`;
    await Deno.writeFile(path, await captured);
    const streamed = await unitsOf(path);
    while (streamed.at(-1) === silence) streamed.pop();
    assert.ok(streamed.length > fallback.length + second.length, "it lasts from the DJ to the DJ");
    assert.deepEqual(streamed, [...first, ...fallback, ...second].slice(-streamed.length));
    const complaints = await decoderWarnings(path);
    assert.deepEqual(complaints.filter((line) => !OF_EVERY_STREAM.test(line)), []);

    await server.line(/ recorded to .*\.mp4, /);
    const folder = `${server.folder}/output/record`;
    const recordings = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    assert.deepEqual(recordings.filter((name) => /\.(?:mp4|part)$/.test(name)), ["demo.mp4"]);
    const ofFile = new Set(looped);
    const expected = [...first, ...fallback, ...second].map((unit) => {
      return isRecorded === "0" && ofFile.has(unit) ? silence : unit;
    });
    assert.deepEqual(await unitsOf(`${folder}/demo.mp4`), expected);
    assert.deepEqual(await decoderWarnings(`${folder}/demo.mp4`), []);

    const said = server.log.flatMap((line) => /demo#\d+ (.*fallback.*)$/.exec(line)?.[1] ?? []);
    assert.deepEqual(said, [
      "its fallback is heard: no audio comes from the DJ",
      "the DJ is heard again instead of its fallback",
    ]);
  });
});

scenario("a DJ of whom nothing is to be heard gives way to the file of his name", async () => {
  await using media = await Media.create();
  const tone = await media.encode("tone", { seconds: 20 });
  const file = await media.encode("demo", { seconds: 2, bitrate: "96k" });
  const { config, frames } = accessUnits(await Deno.readFile(tone));
  const silence = Array.from({ length: Math.ceil(6000 / FRAME_MS.aac) }, () => SILENT_UNIT);
  const clip = `${dirname(file)}/clip.aac`;
  const middle = Math.ceil(6000 / FRAME_MS.aac);
  const units = [...frames.slice(0, middle), ...silence, ...frames.slice(middle)];
  await Deno.writeFile(clip, adtsStream(config, units));
  const unitsOf = async (path: string) => {
    return (await media.readFrames(path)).map(({ data }) => md5(data));
  };
  const [sent, looped] = [await unitsOf(clip), await unitsOf(file)];

  const env = { FALLBACK_DIR: dirname(file), DEAD_AIR_AFTER: "2" };
  await using server = await EchoServer.start({ env });
  await using follower = new BothFormsFollower(server.playlistUrl("demo"), {
    exceptions: ["deliberateEnd"],
  });
  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("it is on air", () => follower.playlist);
  const { warnings } = await media.readPlaylist(follower.url);
  await encoder.end();

  const heard = follower.accessUnits.map(md5);
  const shown = { sent, looped, silence: md5(SILENT_UNIT) };
  const [first, fallback, second] = partsOf(heard, shown);
  assert.deepEqual(first, sent.slice(0, first.length));
  assert.deepEqual(fallback, fallback.map((_, i) => looped[i % looped.length]));
  const back = first.length + fallback.length;
  assert.deepEqual(second, sent.slice(back), "the file has taken the places of the DJ's frames");
  const silentMs = (first.length - middle) * FRAME_MS.aac;
  assert.ok(silentMs >= 2000 && silentMs < 3500, `${silentMs} ms of silence were heard`);
  const soundMs = (back - middle - silence.length) * FRAME_MS.aac;
  assert.ok(soundMs >= 2950 && soundMs < 4500, `he is heard after ${soundMs} ms of sound`);
  const segments = [...follower.segments.values()];
  assert.ok(segments.every(({ listed }) => !listed.discontinuity));
  assert.deepEqual(warnings, []);
  await server.line(/ recorded to .*\.mp4, /);
});

/** All that comes of an endless stream, to its end. */
async function capture(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return await response.bytes();
}

/** A DJ's clip and a fallback of a codec, and how to compare them: by the MD5 of access units. */
interface ShowFiles {
  readonly clip: string;
  /** Shorter than the DJ is away, so that it is heard more than once. */
  readonly file: string;
  readonly unitsOf: (path: string) => Promise<string[]>;
  readonly silence: string;
}

async function encodeAac(media: Media): Promise<ShowFiles> {
  return {
    clip: await media.encode("clip", { seconds: 60 }),
    file: await media.encode("fallback", { seconds: 2, bitrate: "96k" }),
    unitsOf: async (path) => (await media.readFrames(path)).map(({ data }) => md5(data)),
    silence: md5(SILENT_UNIT),
  };
}

async function encodeMp3(media: Media): Promise<ShowFiles> {
  const tones = (seconds: number) => {
    const [left, right] = [900, 1300].map((hz) => `0.2*sin(${hz}*t*(1+t/20))`);
    return ["-f", "lavfi", "-i", `aevalsrc=${left}|${right}:c=stereo:s=44100:d=${seconds}`];
  };
  const clip = await media.encodeMp3("clip", tones(60), { bitrate: "128k" });
  const { config } = mp3Frames(await Deno.readFile(clip));
  return {
    clip,
    file: await media.encodeMp3("fallback", tones(2), { bitrate: "96k" }),
    unitsOf: packetsOf,
    silence: md5(codecOf(config).silentFrame(config)),
  };
}
