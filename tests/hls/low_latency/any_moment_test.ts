/**
 * A server that is killed at any moment, between any two writes to its disk: players of both forms go
 * on with the next one.
 */
import assert from "node:assert/strict";
import type { Hls } from "../../../src/hls/hls.ts";
import { SERVER_REASON } from "../../../src/session/reason.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { encode } from "../../../testing/audio/ffmpeg.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { LowListener } from "../../../testing/hls/low_listener.ts";
import { type DiskContents, SlowDisk } from "../../../testing/hls/memory_files.ts";
import { FRAME_MS, goOnAir, publish } from "../../../testing/hls/on_air.ts";
import { prerollOf } from "../../../testing/hls/preroll_folder.ts";
import type { SeenLowPlaylist } from "../../../testing/hls_validator/low_playlist_reader.ts";
import {
  type MediaPlaylist,
  parseMediaPlaylist,
} from "../../../testing/hls_validator/media_playlist.ts";
import { PlaylistRules } from "../../../testing/hls_validator/playlist_rules.ts";

const SECOND = 47;

const SPOT = await encode({ rate: 44_100 });
const SPOTS = ["a.aac", "b.aac", "c.aac"];
const PREROLL = await prerollOf({
  "live.m3u8": "#EXTM3U\n" + SPOTS.map((file) => `#EXTINF:1,\n${file}\n`).join(""),
  ...Object.fromEntries(SPOTS.map((file) => [file, SPOT])),
});

/** What there is when the server is killed. */
interface Moment {
  readonly disk: DiskContents;
  /** What players of each form have seen. */
  readonly low: SeenLowPlaylist;
  readonly ordinary: MediaPlaylist;
}

/**
 * The moments of a broadcast with preroll, a reconnect and another configuration, each unlike the
 * others.
 */
async function moments(clock: FakeClock, delaysMs: readonly number[]): Promise<Moment[]> {
  const disk = new SlowDisk(clock, delaysMs);
  const onAir = await goOnAir({ ...common(clock), folder: disk, states: disk });
  const listener = new LowListener({ ...onAir, clock, folder: disk });
  const found = new Map<string, Moment>();
  const send = async (frames: number, config = audioConfig()) => {
    const ingest = publish(onAir, "demo");
    ingest.configure(config);
    for (let i = 0; i < frames; i++) {
      ingest.write(new Uint8Array(100), i * 1024_000 / config.sampleRate);
      await clock.advance(FRAME_MS);
      await listener.look();
      if (listener.versions.length === 0) continue;
      const ordinary = ordinaryOf(onAir.hls);
      const key = [disk.writes, listener.versions.length, ordinary.mediaSequence].join();
      found.set(key, { disk: disk.contents, low: listener.playlist, ordinary });
    }
    ingest.end("lost");
  };
  await send(15 * SECOND);
  await send(3 * SECOND + 20, audioConfig({ sampleRate: 44_100 }));
  await send(2 * SECOND);
  assert.deepEqual(listener.breaches, []);
  listener.origin.close();
  onAir.manager.stop("shutdown", SERVER_REASON);
  const stopped = onAir.hls.stop();
  await clock.advance(2000);
  await stopped;
  return [...found.values()];
}

function common(clock: FakeClock) {
  return { clock, targetMs: 1000, preroll: PREROLL };
}

function ordinaryOf(hls: Hls): MediaPlaylist {
  return parseMediaPlaylist(new TextDecoder().decode(hls.find("demo")?.playlist()?.text));
}

/** @returns what players find wrong when another server goes on from that moment */
async function goOnFrom({ disk, low, ordinary }: Moment, clock: FakeClock): Promise<string[]> {
  const folder = new SlowDisk(clock, [0], disk);
  const onAir = await goOnAir({ ...common(clock), folder, states: folder });
  const listener = new LowListener({ ...onAir, clock, folder, before: low });
  const { breaches } = listener;
  const rules = new PlaylistRules({
    exceptions: new Set(),
    slackMs: Infinity,
    onBreach: (breach) => breaches.push(breach),
  });
  let text = "";
  const look = async () => {
    await listener.look();
    const version = new TextDecoder().decode(onAir.hls.find("demo")?.playlist()?.text);
    const now = clock.monotonic();
    if (version !== text) rules.observe(parseMediaPlaylist(version), sighting(now));
    text = version;
  };
  rules.observe(ordinary, sighting(clock.monotonic() - 10_000));
  await look();
  await clock.advance(0);
  await look();
  const ingest = publish(onAir, "demo");
  for (let i = 0; i < 2 * SECOND; i++) {
    ingest.write(new Uint8Array(100), i * FRAME_MS);
    await clock.advance(FRAME_MS);
    await look();
  }
  if (listener.versions.length < 3) breaches.push(`${listener.versions.length} versions`);
  else breaches.push(...compare(listener.playlist, parseMediaPlaylist(text)));
  listener.origin.close();
  onAir.manager.stop("shutdown", SERVER_REASON);
  const stopped = onAir.hls.stop();
  await clock.advance(2000);
  await stopped;
  return breaches;
}

function sighting(now: number) {
  return { askedAt: now, answeredAt: now };
}

/** Segments of one number are the same in both forms. */
function compare(low: SeenLowPlaylist, ordinary: MediaPlaylist): string[] {
  return low.segments.flatMap(({ sequence, discontinuity, programDateTime }) => {
    const other = ordinary.segments[sequence - ordinary.mediaSequence];
    const isSame = other === undefined || other.discontinuity === discontinuity &&
        Object.is(other.programDateTime ?? NaN, Date.parse(programDateTime));
    return isSame ? [] : [`segment ${sequence} is another one in the other form`];
  });
}

const DELAYS: Readonly<Record<string, readonly number[]>> = {
  "fast": [1],
  "of changing speed": [30, 200, 5, 120, 60],
  "slow": [120],
};

for (const [kind, delays] of Object.entries(DELAYS)) {
  Deno.test(`players go on wherever a kill comes between writes to a disk that is ${kind}`, async () => {
    const clock = new FakeClock();
    const wrong: string[] = [];
    const all = await moments(clock, delays);
    for (const [i, moment] of all.entries()) {
      const breaches = await goOnFrom(moment, clock);
      wrong.push(...breaches.map((breach) => `moment ${i} of ${all.length}: ${breach}`));
    }
    assert.ok(all.length > 20);
    assert.deepEqual(wrong, []);
    assert.equal(clock.timerCount, 0);
  });
}
