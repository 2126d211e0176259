/** A server whose folders cannot be written: listeners hear the broadcast all the same. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/session/clock.ts";
import { DayFiles } from "../../src/stat/reports/day_files.ts";
import { ReportFiles } from "../../src/stat/reports/report_files.ts";
import type { TitleLine } from "../../src/stat/reports/report_line.ts";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { Child } from "../../testing/child.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

const NO_ARCHIVE = / ERROR .*Cannot write to .*, broadcasts are not recorded: /;
const NO_DISK = / ERROR .*broadcasts go on from memory/;

scenario("without a disk to write to, listeners hear the broadcast from memory", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using disks = await BadDisks.create();
  await together(disks.folders, async ([kind, folder]) => {
    await using server = await EchoServer.start({
      env: { HLS_ROOT_DIR: folder, STAT_REPORT_DIR: `${folder}-reports` },
      expectedErrors: [NO_DISK],
    });
    await using follower = new BothFormsFollower(server.playlistUrl("demo"));
    await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
    const first = await until("it is on air", () => follower.playlist);
    await until("segments leave", () => {
      return (follower.playlist?.mediaSequence ?? 0) >= first.mediaSequence + 2;
    });
    const logged = server.log.filter((line) => NO_DISK.test(line));
    assert.equal(logged.length, 1, `${kind}: ${logged.join("\n")}`);
    if (kind === "below a file") await server.line(/ WARN .*Cannot write reports to /);
  });
});

scenario("what reports tell waits for room on a full disk, and is written whole", async () => {
  await using disks = await BadDisks.create();
  const folder = disks.folders.get("full");
  if (folder === undefined) return;
  const filler = `${folder}-filler`;
  await fill(filler);
  const files = new ReportFiles({ clock: systemClock, folder: `${folder}-reports` });
  const titles = Array.from({ length: 100 }, (_, i) => titleOf(`${i}`));
  for (const title of titles) files.add(title);
  await until("it was tried", () => {
    files.save([]);
    return files.problem?.includes("No space left on device");
  });
  await Deno.remove(filler);
  await until("it is written", () => {
    files.save([]);
    return files.problem === undefined;
  });
  await files.close();
  const read = await Array.fromAsync(new DayFiles(`${folder}-reports`).read(0));
  assert.deepEqual([read.flat(), files.lost], [titles, 0]);
});

function titleOf(title: string): TitleLine {
  return { kind: "title", show: 1, at: systemClock.now(), title, artist: null, listeners: 0 };
}

/** Writes a file until the disk is full, but for a page. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const page = new Uint8Array(4096);
  for (let isFull = false; !isFull;) {
    try {
      await file.write(page);
    } catch (error) {
      assert.match(String(error), /No space left/);
      isFull = true;
    }
  }
  await file.truncate((await file.stat()).size - page.length);
}

scenario("an archive that cannot be written is said, and health tells of it", async () => {
  await using disks = await BadDisks.create();
  const RECORD_ROOT_DIR = disks.folders.get("below a file") ?? "";
  await using server = await EchoServer.start({
    env: { RECORD_ROOT_DIR },
    expectedErrors: [NO_ARCHIVE, / ERROR .*Cannot tidy up /],
  });
  await server.line(NO_ARCHIVE);
  await server.line(/ statistics listens on /);
  const answer = await fetch(`http://127.0.0.1:${server.statPort}/health`, {
    headers: { Accept: "application/json" },
  });
  assert.equal(answer.status, 200);
  const { status, parts, problems } = await answer.json();
  assert.deepEqual([status, parts], ["degraded", ["record"]]);
  assert.match(problems.join("; "), /^Cannot write to [^;]*$/);
});

/** Folders that cannot be written: below a file, and, where mounting is allowed, on a full disk. */
class BadDisks implements AsyncDisposable {
  readonly folders = new Map<string, string>();
  readonly #folder: string;
  #mounted: string | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<BadDisks> {
    const folder = await Deno.makeTempDir({ prefix: "echo-disk-" });
    const disks = new BadDisks(folder);
    await Deno.writeTextFile(`${folder}/file`, "");
    disks.folders.set("below a file", `${folder}/file/hls`);
    await disks.#mount(`${folder}/full`);
    return disks;
  }

  async #mount(path: string): Promise<void> {
    await Deno.mkdir(path);
    await using mount = new Child("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", path]);
    const { code } = await mount.end();
    if (code !== 0) return;
    this.#mounted = path;
    this.folders.set("full", `${path}/hls`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mounted !== undefined) {
      await using unmount = new Child("umount", [this.#mounted]);
      assert.equal((await unmount.end()).code, 0, unmount.output);
    }
    await Deno.remove(this.#folder, { recursive: true });
  }
}
