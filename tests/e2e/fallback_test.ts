/**
 * A DJ who is lost gives way to the fallback file, frame for frame on the same timeline, and is heard
 * again once he has sent sound for three seconds.
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { accessUnits, adtsStream } from "../../testing/audio/access_units.ts";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { decoderWarnings, Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { until } from "../../testing/until.ts";

const SILENCE = "21000000001c";
const SILENT_UNIT = Uint8Array.fromHex(SILENCE);
/** At 44.1 kHz. */
const FRAME_MS = 1024 / 44.1;

scenario("a DJ who is lost gives way to the fallback file until he is back", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  // Shorter than the DJ is away, so that it is heard more than once.
  const file = await media.encode("fallback", { seconds: 2, bitrate: "96k" });
  const [sent, looped] = await together([clip, file], async (path) => {
    return (await media.readFrames(path)).map(({ data }) => data.toHex());
  });
  assert.ok(sent !== undefined && looped !== undefined);

  await together(["0", "1"] as const, async (isRecorded) => {
    const env = { FALLBACK_FILE: file, RECORD_FALLBACK: isRecorded };
    await using server = await EchoServer.start({ env });
    await using follower = new BothFormsFollower(server.playlistUrl("demo"), {
      exceptions: ["deliberateEnd"],
    });
    const heard = () => follower.accessUnits.map((unit) => unit.toHex());
    const heardOf = (units: readonly string[]) => {
      const known = new Set(units);
      return heard().filter((unit) => known.has(unit)).length;
    };

    await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
    await until("it is on air", () => follower.segments.size >= 3);
    const reading = media.readPlaylist(follower.url);
    await encoder.stop("SIGKILL");
    await until("the file is heard more than twice", () => heardOf(looped) > 2.5 * looped.length);
    await using returned = new Encoder(clip, server.rtmpUrl("live/demo"));
    const later = sent.slice(Math.ceil(4000 / FRAME_MS));
    await until("the DJ is heard again", () => heardOf(later) >= 50);
    await returned.stop("SIGINT");
    const { warnings } = await reading;

    const [first, fallback, second] = partsOf(heard(), sent, looped);
    assert.deepEqual(first, sent.slice(0, first.length));
    assert.deepEqual(fallback, fallback.map((_, i) => looped[i % looped.length]));
    const back = sent.indexOf(second[0] ?? "");
    assert.ok(back * FRAME_MS > 2950 && back * FRAME_MS < 3500, `after ${back * FRAME_MS} ms`);
    assert.deepEqual(second, sent.slice(back, back + second.length));
    const segments = [...follower.segments.values()];
    assert.ok(segments.every(({ listed }) => !listed.discontinuity));
    assert.deepEqual(warnings, []);

    await server.line(/ recorded to .*\.mp4, /);
    const folder = `${server.folder}/output/record`;
    const files = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    assert.deepEqual(files.filter((name) => /\.(?:mp4|part)$/.test(name)), ["demo.mp4"]);
    const path = `${folder}/demo.mp4`;
    const recorded = (await media.readFrames(path)).map(({ data }) => data.toHex());
    const ofFile = new Set(looped);
    const expected = [...first, ...fallback, ...second].map((unit) => {
      return isRecorded === "0" && ofFile.has(unit) ? SILENCE : unit;
    });
    assert.deepEqual(recorded, expected);
    assert.deepEqual(await decoderWarnings(path), []);

    const said = server.log.flatMap((line) => /demo#\d+ (.*fallback.*)$/.exec(line)?.[1] ?? []);
    assert.deepEqual(said, [
      "its fallback is heard: the DJ is gone",
      "the DJ is heard again instead of its fallback",
    ]);
  });
});

scenario("a DJ of whom nothing is to be heard gives way to the file of his name", async () => {
  await using media = await Media.create();
  const tone = await media.encode("tone", { seconds: 20 });
  const file = await media.encode("demo", { seconds: 2, bitrate: "96k" });
  const { config, frames } = accessUnits(await Deno.readFile(tone));
  const silence = Array.from({ length: Math.ceil(6000 / FRAME_MS) }, () => SILENT_UNIT);
  const clip = `${dirname(file)}/clip.aac`;
  const middle = Math.ceil(6000 / FRAME_MS);
  const units = [...frames.slice(0, middle), ...silence, ...frames.slice(middle)];
  await Deno.writeFile(clip, adtsStream(config, units));
  const [sent, looped] = await together([clip, file], async (path) => {
    return (await media.readFrames(path)).map(({ data }) => data.toHex());
  });
  assert.ok(sent !== undefined && looped !== undefined);

  const env = { FALLBACK_DIR: dirname(file), DEAD_AIR_AFTER: "2" };
  await using server = await EchoServer.start({ env });
  await using follower = new BothFormsFollower(server.playlistUrl("demo"), {
    exceptions: ["deliberateEnd"],
  });
  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("it is on air", () => follower.playlist);
  const { warnings } = await media.readPlaylist(follower.url);
  await encoder.end();

  const heard = follower.accessUnits.map((unit) => unit.toHex());
  const [first, fallback, second] = partsOf(heard, sent, looped);
  assert.deepEqual(first, sent.slice(0, first.length));
  assert.deepEqual(fallback, fallback.map((_, i) => looped[i % looped.length]));
  const back = first.length + fallback.length;
  assert.deepEqual(second, sent.slice(back), "the file has taken the places of the DJ's frames");
  const silentMs = (first.length - middle) * FRAME_MS;
  assert.ok(silentMs >= 2000 && silentMs < 3500, `${silentMs} ms of silence were heard`);
  const soundMs = (back - middle - silence.length) * FRAME_MS;
  assert.ok(soundMs >= 2950 && soundMs < 4500, `he is heard after ${soundMs} ms of sound`);
  const segments = [...follower.segments.values()];
  assert.ok(segments.every(({ listed }) => !listed.discontinuity));
  assert.deepEqual(warnings, []);
  await server.line(/ recorded to .*\.mp4, /);
});

/** What is heard, without the silence at the end: the DJ, the file, the DJ again. */
function partsOf(
  heard: readonly string[],
  sent: readonly string[],
  looped: readonly string[],
): [first: readonly string[], fallback: readonly string[], second: readonly string[]] {
  const [ofDj, ofFile] = [new Set(sent), new Set(looped)];
  const begins = heard.findIndex((unit) => ofFile.has(unit) && !ofDj.has(unit));
  const ends = heard.findLastIndex((unit) => ofFile.has(unit) && !ofDj.has(unit)) + 1;
  const last = heard.findLastIndex((unit) => unit !== SILENCE) + 1;
  return [heard.slice(0, begins), heard.slice(begins, ends), heard.slice(ends, last)];
}
