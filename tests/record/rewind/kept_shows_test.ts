/** What is kept of shows for another run of the server, and what happens where that is damaged. */
import assert from "node:assert/strict";
import { KeptShows, parseKeptShow } from "../../../src/record/rewind/kept_shows.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";
import { withFolder } from "../../../testing/temporary_folder.ts";

const PIECE = {
  file: "demo.20261123T141200Z.mp4.part",
  identity: "17-1795443120000",
  firstFrame: 0,
  sampleRate: 48_000,
  samplesPerFrame: 1024,
  startTime: 1_795_443_120_123,
  silentFragments: 6,
  silence: "21000000001c",
};
const SHOW = { start: PIECE.startTime, pieces: [PIECE] };

Deno.test("what is kept of a show is read as it was, until it is forgotten", async () => {
  await withFolder(async (folder) => {
    const kept = new KeptShows(folder);
    assert.deepEqual(await kept.names(), []);
    await kept.save("demo", () => SHOW);
    await kept.save("other", () => ({ ...SHOW, pieces: [] }));
    assert.deepEqual((await kept.names()).toSorted(), ["demo", "other"]);
    assert.deepEqual(await new KeptShows(folder).load("demo"), SHOW);
    await kept.forget("demo");
    await kept.forget("nothing");
    assert.deepEqual(await kept.names(), ["other"]);
  });
});

Deno.test("what is damaged or somebody else's is not taken for a show", async () => {
  const wrong = [
    "",
    "[]",
    "null",
    '{"start":1}',
    JSON.stringify({ ...SHOW, start: "now" }),
    ...[
      { file: "../../etc/passwd" },
      { file: "/etc/passwd" },
      { firstFrame: -1 },
      { sampleRate: 0 },
      { silentFragments: 1e9 },
      { silence: "zz" },
      { silence: "0" },
      { identity: 17 },
    ].map((change) => JSON.stringify({ ...SHOW, pieces: [{ ...PIECE, ...change }] })),
  ];
  for (const text of wrong) assert.throws(() => parseKeptShow(text), text);
  await withFolder(async (folder) => {
    await using log = await LogRecorder.start();
    await Deno.mkdir(`${folder}/.shows`);
    await Deno.writeTextFile(`${folder}/.shows/demo.json`, JSON.stringify(SHOW).slice(0, 100));
    assert.equal(await new KeptShows(folder).load("demo"), undefined);
    assert.equal(log.matching(/^warning .*demo\.json cannot be read/).length, 1);
  });
});

Deno.test("a folder that cannot be written to costs no show, and is said once", async () => {
  await withFolder(async (folder) => {
    await using log = await LogRecorder.start();
    await Deno.writeTextFile(`${folder}/.shows`, "a file");
    const kept = new KeptShows(folder);
    for (let i = 0; i < 3; i++) await kept.save("demo", () => SHOW);
    assert.deepEqual(await kept.names(), []);
    assert.equal(log.matching(/^warning Cannot use .*\.shows, so a restart/).length, 1);
  });
});
