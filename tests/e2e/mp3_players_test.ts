/**
 * Players of MP3: they do not drift from the stream's own time, and go on where a show changes between
 * AAC and MP3. `MP3_MINUTES` says for how long the time is watched, in all twenty shows then.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { CpuMeter, MachineMeter } from "../../bench/cpu_meter.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import {
  type EncodedShow,
  encodeShow,
  MP3_SHOWS,
  type Mp3Show,
  mp3Shows,
  mp3ShowUrl,
} from "../../testing/e2e/mp3_shows.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { Browser, type Player, PLAYER_KINDS } from "../../testing/players/browser.ts";
import type { EngineKind } from "../../testing/players/engines/engine.ts";
import { ENGINE_KINDS, startEngine } from "../../testing/players/engines/engines.ts";
import { PageListener } from "../../testing/players/page_listener.ts";
import { driftOf, driftText, sweep } from "../../testing/players/stream_time.ts";
import { until } from "../../testing/until.ts";

/** A short while for the gate; `deno task test:mp3` has ten minutes. */
const MINUTES = Number(Deno.env.get("MP3_MINUTES") ?? 0);
const IS_MEASURED = MINUTES > 0;
const SECONDS = IS_MEASURED ? 60 * MINUTES : 15;
/** What shows may take until all players play. */
const START_SECONDS = IS_MEASURED ? 180 : 75;
/**
 * What plays at a time: two cores are little for all twenty shows in two players each. In the gate
 * frames have 1152 samples in one show, and 576 in the other.
 */
const BATCHES: Readonly<Record<string, ReadonlyMap<string, Mp3Show>>> = IS_MEASURED
  ? { mono: showsIn("mono"), "joint stereo": showsIn("joint") }
  : { "two shows": mp3Shows("44100-joint-vbr", "24000-mono-cbr") };
/** In the gate the others only cost time. */
const PAGES: readonly EngineKind[] = IS_MEASURED ? ENGINE_KINDS : ["chromium"];
/** What a listener to two speakers would not notice; a frame is 24 ms and more. */
const MAX_DRIFT_MS = 10;

/** Segments of 4 s wait a second for what is late, on a machine that is busy. */
const PATIENT = IS_MEASURED ? { HLS_TARGET_DURATION: "4" } : {};

for (const [batch, shows] of Object.entries(BATCHES)) {
  scenario(`hls.js and Chromium by itself keep the stream's own time: ${batch}`, async () => {
    await using media = await Media.create();
    const encoded = await together(shows, (show) => {
      return encodeShow(media, show, SECONDS + START_SECONDS);
    });
    await using server = await EchoServer.start({ env: PATIENT });
    await using stack = new AsyncDisposableStack();
    const browser = stack.use(await Browser.start());
    const encoders: Encoder[] = [];
    const heard = await together(encoded, async ({ name, show, file, frames }) => {
      const encoder = stack.use(new Encoder(file, mp3ShowUrl(server, name, show)));
      encoders.push(encoder);
      const follower = stack.use(new PlaylistFollower(server.playlistUrl(name)));
      await until("players start", () => follower.segments.size >= 6);
      return { name, frames, follower, players: [] as Player[] };
    });
    // One after the other: a page that opens takes the processor from what plays.
    for (const { follower, players } of heard) {
      for (const kind of PLAYER_KINDS) players.push(await browser.play(follower.url, kind));
    }
    const players = heard.flatMap(({ players }) => players);
    await together(players, async (player) => {
      await player.played(1);
      await player.listen();
      await player.mark();
    });
    const tellLoad = IS_MEASURED ? loadMeter(server, encoders) : () => {};
    await pause(1000 * SECONDS);
    tellLoad();
    const judged = await together(heard, judge);
    for (const { lines } of judged) for (const line of lines) console.log(line);
    assert.deepEqual(judged.flatMap(({ faults }) => faults), []);
  });
}

scenario("the page goes on where a show changes from AAC to MP3 and back", async () => {
  await using media = await Media.create();
  const aac = await media.encode("clip", { seconds: 120 });
  const tones = sweep({ rate: 44_100, seconds: 120 });
  const mp3 = await media.encodeMp3("clip", tones, { rate: 44_100, bitrate: "128k" });
  await using server = await EchoServer.start();
  const publish = (file: string) => new Encoder(file, server.rtmpUrl("live/demo"));
  await using stack = new AsyncDisposableStack();
  let encoder = stack.use(publish(aac));
  const follower = stack.use(new PlaylistFollower(server.playlistUrl("demo")));
  await until("players start", () => follower.segments.size >= 8);

  const origin = `http://127.0.0.1:${server.hlsPort}`;
  const listeners = await together(PAGES, async (kind) => {
    const engine = stack.use(await startEngine(kind, { motion: IS_MEASURED ? "moving" : "still" }));
    return await PageListener.sit(engine, `${origin}/cast/demo/`);
  });
  for (const [codec, file, low] of [["MP3", mp3, 404], ["AAC", aac, 200]] as const) {
    follower.allow("deliberateEnd");
    await together(listeners, (listener) => listener.mark());
    await encoder.stop("SIGINT");
    encoder = stack.use(publish(file));
    await until(`low latency answers ${low}`, async () => {
      const response = await fetch(`${origin}/cast/demo/low.m3u8`);
      await response.body?.cancel();
      return response.status === low;
    });
    follower.forbid("deliberateEnd");
    await together(listeners, async (listener) => {
      await listener.listenAnew();
      await listener.hears(SECONDS_LOADED);
      const { silentMs } = await listener.heard();
      console.log(`${codec}: ${listener.engine.kind} was silent for ${Math.round(silentMs)} ms`);
    });
  }
  const codecs = [...follower.segments.values()]
    .filter(({ listed }) => listed.discontinuity)
    .map(({ frames }) => frames[0]?.samples);
  assert.deepEqual(codecs, [1152, 1024], "a discontinuity at each change, and no other");
});

/** More than any player has loaded, so that what is heard after so long has come meanwhile. */
const SECONDS_LOADED = 10;

type Heard = Pick<EncodedShow, "name" | "frames"> & {
  readonly follower: PlaylistFollower;
  readonly players: readonly Player[];
};

/** What a show's players did over the while: for people, and what was wrong. */
async function judge(
  { name, frames, follower, players }: Heard,
): Promise<{ lines: string[]; faults: string[] }> {
  const lines: string[] = [];
  const faults: string[] = [];
  const sent = new Set(frames.map((frame) => frame.toHex()));
  const silent = follower.accessUnits.filter((frame) => !sent.has(frame.toHex())).length;
  if (silent > 0) {
    // The stream itself is no longer the encoder's, so nothing can be said of the players' time.
    lines.push(`${name}: the machine is too busy: ${silent} silent frames were put in`);
    if (IS_MEASURED) faults.push(`${name}: ${silent} silent frames were put in`);
  }
  for (const player of players) {
    const heard = await player.heard();
    const drift = await driftOf(player);
    const { kind } = player;
    lines.push(`${name}, ${kind}: ${driftText(drift, heard)}`);
    const isWrong = {
      fails: heard.errors.length > 0,
      "is not heard all the time": !(drift.times > SECONDS),
      drifts: silent === 0 && !(Math.abs(drift.driftMs) < MAX_DRIFT_MS),
      stalls: IS_MEASURED && heard.stalls.length > 0,
      skips: IS_MEASURED && !(heard.skipped < 0.5),
    };
    for (const [fault, is] of Object.entries(isWrong)) {
      if (is) faults.push(`${name}, ${kind}: ${fault} ${heard.errors.join(", ")}`.trim());
    }
  }
  return { lines, faults };
}

/** From now on it measures what uses the processors, which the function tells then. */
function loadMeter(server: EchoServer, encoders: readonly Encoder[]): () => void {
  const all = new MachineMeter();
  const parts = {
    server: new CpuMeter(server.pid),
    encoders: new CpuMeter(...encoders.map(({ pid }) => pid)),
    "this test": new CpuMeter(Deno.pid),
  };
  return () => {
    const shares = Object.entries(parts).map(([name, meter]) => [name, meter.share().all] as const);
    const others = all.share() - shares.reduce((sum, [, share]) => sum + share, 0);
    const told = [...shares, ["players and all else", others] as const]
      .map(([name, share]) => `${name} ${Math.round(share)} %`);
    console.log(`${navigator.hardwareConcurrency} cores; of one: ${told.join(", ")}`);
  };
}

function showsIn(mode: Mp3Show["mode"]): ReadonlyMap<string, Mp3Show> {
  return new Map([...MP3_SHOWS].filter(([, show]) => show.mode === mode));
}
