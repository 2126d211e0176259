/** The files of reports: what is in them stays, whatever the disk does, and they stay small. */
import assert from "node:assert/strict";
import {
  DayFiles,
  MAX_BYTES,
  MAX_DAY_BYTES,
  MAX_TITLE_BYTES,
} from "../../../src/stat/reports/day_files.ts";
import { ReportFiles } from "../../../src/stat/reports/report_files.ts";
import type { ReportLine, ShowLine, TitleLine } from "../../../src/stat/reports/report_line.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";
import { withFolder } from "../../../testing/temporary_folder.ts";
import { until } from "../../../testing/until.ts";

const START = Date.UTC(2026, 10, 23, 20);
const DAY_MS = 86_400_000;

function show(show: number, at: number = START): ShowLine {
  const facts = { name: "demo", dj: null, protocol: "rtmp", start: START, end: null };
  return { kind: "show", show, at, ...facts, heard: 1.5, peak: 2 };
}

function title(title: string, at: number = START): TitleLine {
  return { kind: "title", show: 1, at, title, artist: 'Bänd \n "quoted" \'', listeners: 3 };
}

async function read(files: ReportFiles | DayFiles, fromMs: number = 0): Promise<ReportLine[]> {
  return (await Array.fromAsync(files.read(fromMs))).flat();
}

Deno.test("lines are kept by day, for who runs the server alone", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/made`;
    const days = new DayFiles(path);
    const lines = [show(1), title("One"), show(1, START + DAY_MS), title("Two", START + DAY_MS)];
    assert.equal(await days.append(lines), 0);
    assert.deepEqual(await read(days), lines);
    assert.deepEqual(await read(days, START + DAY_MS), lines.slice(2));
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o700);
    assert.equal(((await Deno.stat(`${path}/2026-11-23.jsonl`)).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("a day that is removed while others are read is left out", async () => {
  await withFolder(async (folder) => {
    const days = new DayFiles(folder);
    await days.append([show(1), show(2, START + DAY_MS), show(3, START + 2 * DAY_MS)]);
    const parts = days.read(0);
    assert.deepEqual((await parts.next()).value, [show(1)]);
    await Deno.remove(`${folder}/2026-11-24.jsonl`);
    assert.deepEqual((await Array.fromAsync(parts)).flat(), [show(3, START + 2 * DAY_MS)]);
  });
});

Deno.test("a damaged line costs that line alone", async () => {
  await withFolder(async (folder) => {
    await using log = await LogRecorder.start();
    const days = new DayFiles(folder);
    await days.append([show(1), show(2), show(3)]);
    const path = `${folder}/2026-11-23.jsonl`;
    const text = await Deno.readTextFile(path);
    const bad = [
      ...['{"kind":"show","show":2}', "null", "[]", "\u0000\ufffd", "x".repeat(100_000)],
      ...['{"kind":"title","show":1,"at":-5,"title":"x","artist":null,"listeners":0}'],
    ];
    await Deno.writeTextFile(path, text.replace(/.*"show":2.*/, bad.join("\n")));
    assert.deepEqual(await read(days), [show(1), show(3)]);
    assert.equal(log.matching(/Cannot read 6 lines of .*2026-11-23/).length, 1);
  });
});

Deno.test("a line that was cut by the end of the process costs no other", async () => {
  const [first, second] = [show(1), show(2)];
  const text = `${JSON.stringify(first)}\n${JSON.stringify(second)}\n`;
  for (let cut = 0; cut < text.length; cut += 7) {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/2026-11-23.jsonl`, text.slice(0, cut));
      const days = new DayFiles(folder);
      await days.append([show(3)]);
      const ids = (await read(days)).map(({ show }) => show);
      const whole = text.slice(0, cut).split("\n").length - 1;
      assert.deepEqual(ids.filter((id) => id !== 3), [1, 2].slice(0, ids.length - 1));
      assert.ok(ids.length - 1 >= whole && ids.at(-1) === 3, `cut at ${cut}: ${ids}`);
    });
  }
});

Deno.test("a disk that takes nothing is told once, and what waits is written later", async () => {
  await withFolder(async (folder) => {
    await using log = await LogRecorder.start();
    const clock = new FakeClock(START);
    const path = `${folder}/reports`;
    // Where a file is, no folder can be made.
    await Deno.writeTextFile(path, "");
    const files = new ReportFiles({ clock, folder: path });
    files.add(show(1));
    const fails = () => files.problem?.startsWith(`Cannot write reports to ${path}`);
    for (let i = 0; i < 3; i++) {
      await until("it was tried", () => {
        files.save([show(1)]);
        return fails();
      });
    }
    assert.equal(log.matching(/Cannot write reports/).length, 1);
    await Deno.remove(path);
    await until("it is written", () => {
      files.save([]);
      return files.problem === undefined;
    });
    assert.deepEqual(await read(files), [show(1)]);
    assert.equal(files.lost, 0);
    await files.close();
    assert.equal(clock.timerCount, 0);
  });
});

Deno.test("what waits for a disk is bounded, and what is lost is counted", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/reports`, "");
    const files = new ReportFiles({ clock: new FakeClock(START), folder: `${folder}/reports` });
    for (let i = 0; i < 10_050; i++) files.add(title(`${i}`));
    assert.equal(files.lost, 50);
    await files.close();
  });
});

Deno.test("titles leave room for shows, and a day has an end", async () => {
  await withFolder(async (folder) => {
    await using log = await LogRecorder.start();
    const clock = new FakeClock(START);
    const path = `${folder}/2026-11-23.jsonl`;
    await sparse(path, MAX_TITLE_BYTES);
    const files = new ReportFiles({ clock, folder });
    for (const line of [title("One"), show(1)]) files.add(line);
    await until("it is written", () => {
      files.save([]);
      return files.lost === 1;
    });
    assert.match(`${files.problem}`, /no room for all of today/);
    assert.deepEqual(await read(files), [show(1)]);
    await sparse(path, MAX_DAY_BYTES);
    files.add(show(2));
    await until("it is not written", () => {
      files.save([]);
      return files.lost === 2;
    });
    assert.equal((await Deno.stat(path)).size, MAX_DAY_BYTES);
    assert.equal(log.matching(/no room/).length, 1);
    clock.advanceSync(DAY_MS);
    assert.equal(files.problem, undefined);
    await files.close();
  });
});

Deno.test("days go after 400 days, and the oldest where all together are too large", async () => {
  await withFolder(async (folder) => {
    await using log = await LogRecorder.start();
    const month = ["2026-10-23.jsonl", "2026-11-22.jsonl"];
    const keep = ["2025-10-19.jsonl", ...month, "notes.txt"];
    for (const file of [...keep, "2025-10-18.jsonl", "2020-01-01.jsonl"]) {
      await Deno.writeTextFile(`${folder}/${file}`, "");
    }
    const days = new DayFiles(folder);
    await days.prune(START);
    assert.deepEqual(await namesIn(folder), keep);
    assert.deepEqual(log.lines, []);
    await sparse(`${folder}/2026-11-22.jsonl`, MAX_BYTES);
    await sparse(`${folder}/2026-11-21.jsonl`, 1);
    await days.prune(START);
    assert.deepEqual(await namesIn(folder), ["2026-11-22.jsonl", "notes.txt"]);
    assert.equal(log.matching(/Removed .* more than 256 MiB/).length, 3);
  });
});

Deno.test("a clock that is years ahead for some weeks removes no day", async () => {
  await withFolder(async (folder) => {
    const days = new DayFiles(folder);
    const names: string[] = [];
    const live = async (count: number, fromMs: number) => {
      for (let day = 0; day < count; day++) {
        const now = fromMs + day * DAY_MS;
        await days.append([show(1, now)]);
        await days.prune(now);
        names.push(`${new Date(now).toISOString().slice(0, 10)}.jsonl`);
      }
    };
    await live(40, START);
    const ahead = Date.UTC(2031, 0, 1);
    await live(30, ahead);
    await live(40, START + 40 * DAY_MS);
    assert.deepEqual(await namesIn(folder), names.sort());
    // Who has not noticed it for a month has that time.
    await live(2, ahead + 30 * DAY_MS);
    assert.equal((await namesIn(folder))[0], "2031-01-01.jsonl");
  });
});

Deno.test("a damaged file of what was open stops nothing", async () => {
  for (const text of ["{", `\n${JSON.stringify(show(7))}`, "x".repeat(17 * 1024 * 1024)]) {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/open.jsonl`, text);
      const files = new ReportFiles({ clock: new FakeClock(START), folder });
      files.add(show(8));
      await files.close();
      const expected = text.includes('"show":7') ? [show(7), show(8)] : [show(8)];
      assert.deepEqual(await read(new DayFiles(folder)), expected);
      assert.deepEqual(await namesIn(folder), ["2026-11-23.jsonl"]);
    });
  }
});

/** A file of that size, which takes no room on the disk. */
async function sparse(path: string, bytes: number): Promise<void> {
  await Deno.writeFile(path, new Uint8Array(0), { append: true });
  await Deno.truncate(path, bytes - 1);
  await Deno.writeTextFile(path, "\n", { append: true });
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}
