/** The last hour outlives the server, whatever has become of its file. */
import assert from "node:assert/strict";
import { History } from "../../../src/stat/live/history.ts";
import { HistoryFile, parseHistory } from "../../../src/stat/live/history_file.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";
import { withFolder } from "../../../testing/temporary_folder.ts";
import { until } from "../../../testing/until.ts";

const START = Date.UTC(2026, 10, 23, 20);
const REST = { bitrate: 0, listeners: 0, cpu: 1.5, memory: 1e8, lateness: 0, lag: 0 };

/** A run of the server whose clock stood at `wall` when it began. */
class Run {
  readonly clock: FakeClock;
  readonly history = new History();
  readonly file: HistoryFile;

  constructor(path: string, wall: number) {
    this.clock = new FakeClock(wall);
    this.file = new HistoryFile({ clock: this.clock, history: this.history, path });
  }

  /** Samples every 5 s, with their number as that of the sessions. */
  live(samples: number): void {
    for (let sessions = 1; sessions <= samples; sessions++) {
      this.clock.advanceSync(5000);
      this.history.add({ at: this.clock.monotonic(), sessions, ...REST });
    }
  }

  /** What is known, as times after {@link START} in seconds, and sessions. */
  get known(): [number, number][] {
    const { at, sessions } = this.history.columns;
    const wall = this.clock.now() - this.clock.monotonic();
    return at.map((time, i) => [(time + wall - START) / 1000, sessions[i] ?? 0]);
  }
}

Deno.test("the hour goes on after a restart, at the times when it was", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/made/hour.json`;
    const first = new Run(path, START);
    await first.file.restored;
    first.live(3);
    await first.file.close();
    const second = new Run(path, START + 60_000);
    second.live(1);
    await second.file.restored;
    assert.deepEqual(second.known, [[5, 1], [10, 2], [15, 3], [65, 1]]);
    await second.file.close();
    const third = new Run(path, START + 120_000);
    await third.file.restored;
    assert.equal(third.known.length, 4);
    await third.file.close();
  });
});

Deno.test("it is written every minute, by rename, for who runs the server alone", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/hour.json`;
    const run = new Run(path, START);
    await run.file.restored;
    run.live(13);
    await until("it is written", async () => {
      return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).join() ===
        "hour.json";
    });
    assert.equal(parseHistory(await Deno.readTextFile(path)).at.length, 11);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    await run.file.close();
    assert.equal(run.clock.timerCount, 0);
  });
});

Deno.test("what is older than an hour, or of a clock that was set back, is left out", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/hour.json`;
    const first = new Run(path, START);
    await first.file.restored;
    first.live(720);
    await first.file.close();
    for (const [restart, kept] of [[5400, 360], [1800, 360], [9000, 0]] as const) {
      const text = await Deno.readTextFile(path);
      const later = new Run(path, START + restart * 1000);
      await later.file.restored;
      assert.equal(later.known.length, kept, `${restart} s`);
      await later.file.close();
      await Deno.writeTextFile(path, text);
    }
  });
});

const DAMAGED: readonly (readonly [what: string, text: string])[] = [
  ["nothing in it", ""],
  ["its end cut off", '{"at":[1,2,'],
  ["a list in it", "[]"],
  ["columns missing", '{"at":[1]}'],
  ["a short column", columns({ cpu: "[1]" })],
  ["texts for numbers", columns({ cpu: '["a",null]' })],
  ["times that go back", columns({ at: "[2,1]" })],
  ["more than an hour", columns({ at: JSON.stringify(Array(721).fill(1)) })],
  ["far too many bytes", `"${"x".repeat(600_000)}"`],
];

function columns(change: Readonly<Record<string, string>>): string {
  const names = ["at", "sessions", "bitrate", "listeners", "cpu", "memory", "lateness", "lag"];
  return `{${names.map((name) => `"${name}":${change[name] ?? "[1,2]"}`).join()}}`;
}

for (const [what, text] of DAMAGED) {
  Deno.test(`a file with ${what} is said to be damaged, and the hour begins anew`, async () => {
    await withFolder(async (folder) => {
      await using log = await LogRecorder.start();
      const path = `${folder}/hour.json`;
      await Deno.writeTextFile(path, text);
      const run = new Run(path, START);
      await run.file.restored;
      assert.deepEqual(run.known, []);
      assert.equal(log.lines.length, 1);
      assert.match(log.lines[0] ?? "", /^warning .*hour\.json cannot be read, so the plots of/);
      run.live(1);
      await run.file.close();
      assert.equal(parseHistory(await Deno.readTextFile(path)).at.length, 1);
    });
  });
}

Deno.test("a file that cannot be written is logged once, and the server goes on", async () => {
  await withFolder(async (folder) => {
    await using log = await LogRecorder.start();
    await Deno.writeTextFile(`${folder}/file`, "in the way of the folder");
    const run = new Run(`${folder}/file/hour.json`, START);
    await run.file.restored;
    run.live(13);
    await run.file.close();
    assert.equal(log.matching(/Cannot write .*hour\.json, so a restart ends the plots/).length, 1);
  });
});
