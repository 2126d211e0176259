/** Numbers that players of low latency were shown, where the next run of the server cannot go on. */
import assert from "node:assert/strict";
import { SERVER_REASON } from "../../../src/session/reason.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { LowListener } from "../../../testing/hls/low_listener.ts";
import { type DiskContents, SlowDisk } from "../../../testing/hls/memory_files.ts";
import { FRAME_MS, goOnAir, type OnAir, playlistOf, publish } from "../../../testing/hls/on_air.ts";
import type { SeenLowPlaylist } from "../../../testing/hls_validator/low_playlist_reader.ts";

const SECOND = 47;
const PLAYLIST = "playlist.m3u8";

/** A run of the server on a disk in memory, with a listener in low latency. */
interface Played extends OnAir {
  readonly clock: FakeClock;
  readonly disk: SlowDisk;
  readonly listener: LowListener;
}

async function start(clock: FakeClock, contents?: DiskContents): Promise<Played> {
  const disk = new SlowDisk(clock, [0], contents);
  const onAir = await goOnAir({ clock, targetMs: 1000, folder: disk, states: disk });
  const listener = new LowListener({ hls: onAir.hls, clock, folder: disk });
  return { ...onAir, clock, disk, listener };
}

async function broadcast(played: Played, frames: number): Promise<SeenLowPlaylist> {
  const { clock, listener } = played;
  const ingest = publish(played, "demo");
  for (let i = 0; i < frames; i++) {
    ingest.write(new Uint8Array(100), i * FRAME_MS);
    await clock.advance(FRAME_MS);
    await listener.look();
  }
  return listener.playlist;
}

async function stop({ clock, hls, manager, listener }: Played): Promise<void> {
  listener.origin.close();
  manager.stop("shutdown", SERVER_REASON);
  const stopped = hls.stop();
  await clock.advance(2000);
  await stopped;
  assert.equal(clock.timerCount, 0);
}

/** What a server leaves that is killed while players have parts of an open segment. */
async function killed(clock: FakeClock): Promise<{ disk: DiskContents; shown: number }> {
  const first = await start(clock);
  const { segments } = await broadcast(first, 5 * SECOND + 20);
  const disk = first.disk.contents;
  await stop(first);
  const shown = segments.at(-1)?.sequence ?? NaN;
  assert.equal(disk.state?.shownOpen.at(-1)?.sequence, shown);
  return { disk, shown };
}

/** What may have become of the files of a server that was killed. */
const CHANGES: Readonly<Record<string, (files: Map<string, Uint8Array>, last: string) => void>> = {
  "the last segment cannot be read": (files, last) => files.delete(last),
  "nothing is in the last segment's file": (files, last) => files.set(last, new Uint8Array()),
  "the last playlist has ended": (files) => {
    const text = new TextDecoder().decode(files.get(PLAYLIST));
    files.set(PLAYLIST, new TextEncoder().encode(`${text}#EXT-X-ENDLIST\n`));
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`no number that was shown as open comes again where ${what}`, async () => {
    const clock = new FakeClock();
    const { disk: { files: left, state }, shown } = await killed(clock);
    const files = new Map(left);
    const segments = [...files.keys()].filter((file) => file.endsWith(".ts")).sort();
    change(files, segments.at(-1) ?? "");
    const second = await start(clock, { files, state });
    const { segments: after } = await broadcast(second, 4 * SECOND);
    assert.ok(Math.min(...after.map(({ sequence }) => sequence)) > shown);
    await stop(second);
  });
}

Deno.test("what is saved first after a restart tells all that was kept before it", async () => {
  const clock = new FakeClock();
  const { disk: { files, state } } = await killed(clock);
  assert.ok(state);
  const kept = { ...state, discontinuitySequence: 3 };
  const second = await start(clock, { files, state: kept });
  await second.listener.look();
  const { discontinuitySequence } = playlistOf(second, "demo");
  await clock.advance(1500);
  await second.listener.look();
  assert.ok(second.disk.writes > 0);
  const saved = second.disk.contents.state;
  assert.ok(saved);
  assert.ok(saved.mediaSequence >= kept.mediaSequence);
  assert.ok(saved.discontinuitySequence >= Math.max(3, discontinuitySequence));
  await stop(second);
});
