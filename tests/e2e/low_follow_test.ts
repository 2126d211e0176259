/**
 * Broadcasts in low latency are followed through all that befalls them, for a minute, or for as many
 * seconds as `FOLLOW_SECONDS` says.
 */
import assert from "node:assert/strict";
import * as hlsParser from "hls-parser";
import { Parser } from "m3u8-parser";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Media, PersistentEncoder, sample } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { withoutProgramConfig } from "../../testing/hls_validator/adts.ts";
import { LowFollower } from "../../testing/hls_validator/low_follower.ts";
import { Gohlslib } from "../../testing/players/gohlslib.ts";
import { md5 } from "../../testing/mp4/readers.ts";
import { until } from "../../testing/until.ts";

const MINUTE = 60;
const SECONDS = Number(Deno.env.get("FOLLOW_SECONDS") ?? MINUTE);
/** How long a supervisor takes. */
const DOWN_MS = 1500;
/** Of what was sent, so much at least is heard: it pauses, and the server is down for a while. */
const LEAST_HEARD = 0.5;

scenario(
  "low latency keeps its rules through reconnects, other rates and a killed server",
  async () => {
    await using media = await Media.create();
    const clips = new Map([
      ["lc", [
        await media.encode("lc-44100", { seconds: 17 }),
        await media.encode("lc-48000", {
          ...{ sampleRate: 48_000, seconds: 19 },
        }),
      ]],
      ["he-v1", [sample("he-aac-v1_explicit-signalling.m4a")]],
      ["he-v2", [sample("he-aac-v2_explicit-signalling.m4a")]],
      ["surround", [
        await media.encode("5.1", {
          layout: "5.1",
          bitrate: "256k",
          sampleRate: 48_000,
          seconds: 25,
        }),
      ]],
    ]);
    // It is no part of the tests' set-up: who asks for a longer time has Go.
    await using gohlslib = SECONDS > MINUTE ? await Gohlslib.build() : undefined;
    const preroll = await media.preroll(5);
    await using server = await EchoServer.start({ env: { HLS_PREROLE_DIR: preroll } });
    const began = performance.now();
    const isOver = () => performance.now() - began > SECONDS * 1000;
    let killed = false;
    const followers: LowFollower[] = [];
    const show = async ([name, files]: [string, string[]]) => {
      await using follower = new LowFollower(server.playlistUrl(name).replace("playlist", "low"));
      followers.push(follower);
      await using _encoder = new PersistentEncoder(files, server.rtmpUrl(`live/${name}`));
      let read = "";
      await until(`${name} is over`, () => {
        if (follower.text !== read) readByOthers(read = follower.text);
        return isOver() && killed;
      }, (SECONDS + 60) * 1000);
      if (gohlslib !== undefined) await gohlslib.read(follower.url);
      const frames = await Promise.all(files.map((file) => media.readFrames(file)));
      const sent = frames.flat().map(({ data }) => md5(withoutProgramConfig(data)));
      await follower.checked();
      assertPlayed(name, follower.hashes, sent);
    };
    const shows = together(clips, show);
    const isHalfOver = () => performance.now() - began > SECONDS * 500;
    await until("half of the time is over", isHalfOver, SECONDS * 1000);
    for (const follower of followers) follower.serverIsDown();
    await server.stop("SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, DOWN_MS));
    await server.startAgain();
    for (const follower of followers) follower.serverIsBack();
    killed = true;
    await shows;
  },
);

/** What was heard is what was sent, byte for byte and in its order, and one kind of silence. */
function assertPlayed(name: string, heard: readonly string[], sent: readonly string[]): void {
  const known = new Map(sent.map((hash, i) => [hash, i]));
  const others = new Set(heard.filter((hash) => !known.has(hash)));
  // A rate or a layout has a silent access unit of its own.
  assert.ok(others.size <= 2, `${name} has ${others.size} access units that nobody sent`);
  const places = heard.map((hash) => known.get(hash));
  const inOrder = places.filter((place = NaN, i) => place === (places[i - 1] ?? NaN) + 1).length;
  const audio = places.filter((place) => place !== undefined).length;
  assert.ok(audio > LEAST_HEARD * heard.length, `${name}: ${audio} of ${heard.length} were sent`);
  assert.ok(inOrder > 0.9 * audio, `${name}: ${inOrder} of ${audio} follow the one before`);
  console.log(`${name}: ${heard.length} access units, ${heard.length - audio} of them silent`);
}

/** Fails where other readers of playlists find anything wrong. */
function readByOthers(text: string): void {
  // It has opinions on parts that are shorter than most, which players are told they may begin at.
  hlsParser.setOptions({ silent: true });
  const parser = new Parser();
  const warnings: string[] = [];
  parser.on("warn", ({ message }: { message: string }) => warnings.push(message));
  parser.push(text);
  parser.end();
  assert.deepEqual(warnings, []);
  assert.ok(!hlsParser.parse(text).isMasterPlaylist);
}
