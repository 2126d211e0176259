/** Recording shows on a real disk: every frame in a plain MP4, under a name of its own. */
import assert from "node:assert/strict";
import { recordingHeader } from "../../src/mp4/recording.ts";
import { type OpenPart, RecordFolder } from "../../src/record/record_folder.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { until } from "../../testing/until.ts";
import { fragments, someFrames } from "../../testing/mp4/recordings.ts";
import { Archive, SECOND, SILENT, START } from "../../testing/record/archive.ts";

const PART = "demo.20261123T141200Z.mp4.part";

Deno.test("a show is a part while it is live, and a plain MP4 of all its frames in the end", async () => {
  await using archive = await Archive.open();
  const show = archive.begin("demo");
  await show.second();
  await show.second();
  await archive.reach("record-start", 1);
  assert.deepEqual(await archive.files(), [PART]);
  show.audio(10);
  show.end();
  await archive.reach("record-complete", 1);
  assert.deepEqual(await archive.files(), ["demo.mp4"]);
  assert.deepEqual(await archive.frames("demo.mp4"), show.frames);

  const part = archive.folder.pathOf(PART);
  const session = { id: 1, name: "demo", protocol: "rtmp", props: {} };
  assert.deepEqual(archive.events.map(({ at: _, ...event }) => event), [
    { kind: "record-start", ...session, path: part },
    {
      kind: "record-complete",
      ...session,
      path: archive.folder.pathOf("demo.mp4"),
      part,
      durationMs: Math.round(show.frames.length * 1024 / 48),
    },
  ]);
});

Deno.test("a show of less than a second is kept", async () => {
  await using archive = await Archive.open();
  const show = archive.begin("demo");
  show.audio(1);
  show.end();
  await archive.reach("record-complete", 1);
  assert.deepEqual(await archive.frames("demo.mp4"), show.frames);
});

Deno.test("a recording that exists takes the name of the time it began, whatever it is", async () => {
  await using archive = await Archive.open();
  const first = await archive.record("demo", 2);
  const second = await archive.record("demo", 1);
  assert.deepEqual(await archive.files(), ["demo.20261123T141200Z.mp4", "demo.mp4"]);
  assert.deepEqual(await archive.frames("demo.20261123T141200Z.mp4"), first);
  assert.deepEqual(await archive.frames("demo.mp4"), second);

  const path = archive.folder.pathOf("other.mp4");
  await Deno.writeTextFile(path, "not a recording");
  await Deno.utime(path, START / 1000, START / 1000);
  await archive.record("other", 1);
  const kept = archive.folder.pathOf("other.20261123T141200Z.mp4");
  assert.equal(await Deno.readTextFile(kept), "not a recording");
});

Deno.test("recordings that began in the same second are told apart by a number", async () => {
  await using archive = await Archive.open();
  const shows = [];
  for (let i = 0; i < 4; i++) {
    archive.clock.setWall(START + i);
    const show = archive.begin("demo");
    show.audio(10 + i);
    show.end();
    await archive.reach("record-complete", i + 1);
    shows.push(show.frames);
  }
  const time = "demo.20261123T141200Z";
  const files = [`${time}.mp4`, `${time}-2.mp4`, `${time}-3.mp4`, "demo.mp4"];
  assert.deepEqual(await archive.files(), files.toSorted());
  for (const [i, file] of files.entries()) {
    assert.deepEqual(await archive.frames(file), shows[i], file);
  }
});

Deno.test("a show that begins while the last one of its name is being finished is kept as well", async () => {
  for (const append of [false, true]) {
    await using archive = await Archive.open({ append });
    const shows = Array.from({ length: 5 }, () => {
      const show = archive.begin("demo");
      show.audio(3 * SECOND + 5);
      show.end();
      return show.frames;
    });
    await archive.reach("record-complete", 5);
    if (append) {
      assert.deepEqual(await archive.files(), ["demo.mp4"]);
      assert.deepEqual(await archive.frames("demo.mp4"), shows.flat());
    } else {
      const files = await archive.files();
      const kept = await Promise.all(files.map((file) => archive.frames(file)));
      assert.deepEqual(kept.sort(compareFrames), shows.sort(compareFrames));
      assert.equal(files.length, 5);
    }
  }
});

function compareFrames(a: Uint8Array[], b: Uint8Array[]): number {
  return a.length - b.length;
}

Deno.test("with append, a later session continues the recording of its name", async () => {
  await using archive = await Archive.open({ append: true });
  const first = await archive.record("demo", 3);
  const length = (await archive.read("demo.mp4")).length;

  const show = archive.begin("demo");
  await show.second();
  await archive.reach("record-start", 2);
  assert.deepEqual(await archive.files(), [PART], "it is no longer finished");
  assert.ok((await archive.read(PART)).length > length);
  assert.equal(archive.recorder.find(PART)?.state, "live");
  assert.equal(archive.recorder.find(PART)?.durationMs, 4 * SECOND * 1024 / 48);
  show.end();
  await archive.reach("record-complete", 2);
  assert.deepEqual(await archive.files(), ["demo.mp4"]);
  assert.deepEqual(await archive.frames("demo.mp4"), [...first, ...show.frames]);
});

Deno.test("with append, another stream or another file is not continued but kept", async () => {
  await using archive = await Archive.open({ append: true });
  const first = await archive.record("demo", 1);
  const second = await archive.record("demo", 1, audioConfig({ sampleRate: 44100 }));
  assert.deepEqual(await archive.files(), ["demo.20261123T141200Z.mp4", "demo.mp4"]);
  assert.deepEqual(await archive.frames("demo.20261123T141200Z.mp4"), first);
  assert.deepEqual(await archive.frames("demo.mp4"), second);
});

Deno.test("a change of configuration in mid-show starts a new file", async () => {
  for (const append of [false, true]) {
    await using archive = await Archive.open({ append });
    const show = archive.begin("demo");
    await show.second();
    show.audio(5);
    const before = show.frames.splice(0);
    show.configure(audioConfig({ channelConfiguration: 1 }));
    await show.second();
    show.end();
    await archive.reach("record-complete", 2);
    assert.deepEqual(await archive.files(), ["demo.20261123T141200Z.mp4", "demo.mp4"]);
    assert.deepEqual(await archive.frames("demo.20261123T141200Z.mp4"), before);
    assert.deepEqual(await archive.frames("demo.mp4"), show.frames);
  }
});

Deno.test("silence is kept where audio follows, however long it was, and left out at the end", async () => {
  await using archive = await Archive.open();
  const show = archive.begin("demo");
  await show.second();
  for (const frames of [1, 10, 100, 60 * SECOND]) {
    show.silence(frames);
    show.audio(frames % 7);
    await archive.clock.advance(1000);
  }
  show.sink.discontinuity();
  show.audio(1);
  const kept = show.frames.slice();
  show.silence(30 * SECOND);
  show.end();
  await archive.reach("record-complete", 1);
  assert.ok(kept.filter((frame) => frame === SILENT).length > 60 * SECOND);
  assert.deepEqual(await archive.frames("demo.mp4"), kept);
});

Deno.test("what the DJ said is in the recording, but not where from", async () => {
  await using archive = await Archive.open();
  const show = archive.begin("demo", audioConfig(), {
    props: { country: "JP", client_ip: "192.0.2.7" },
    streamFacts: { title: "Morning show", audiodatarate: 128 },
  });
  show.audio(5);
  show.end();
  await archive.reach("record-complete", 1);
  const text = new TextDecoder("latin1").decode(await archive.read("demo.mp4"));
  assert.ok(text.includes("Morning show") && text.includes("JP"));
  assert.ok(!text.includes("192.0.2.7") && !text.includes("client_ip"));
});

Deno.test("parts that a crash left are finished at the next start, and named by their age", async () => {
  await using archive = await Archive.open();
  const latest = await archive.record("demo", 1);
  const frames = someFrames(3 * SECOND);
  const parts = fragments(frames, SECOND);
  const leave = async (file: string, startTime: number, ...bytes: Uint8Array[]) => {
    const options = { startTime, tags: { title: "", facts: {} } };
    const header = recordingHeader(audioConfig(), options);
    await Deno.writeFile(
      archive.folder.pathOf(file),
      new Blob([header, ...bytes].map((part) => part.slice())).stream(),
    );
  };
  const [one, two, three] = parts;
  assert.ok(one && two && three);
  await leave("demo.20261123T131200Z.mp4.part", START - 3_600_000, one, two.subarray(0, 50));
  await leave("gone.20261123T131200Z.mp4.part", START - 3_600_000, one, two, three);
  await leave("gone.20261123T141200Z.mp4.part", START, one);
  await leave("none.20261123T141200Z.mp4.part", START);
  await Deno.writeFile(archive.folder.pathOf("zero.20261123T141200Z.mp4.part"), new Uint8Array());
  await Deno.writeTextFile(archive.folder.pathOf("notes.txt"), "not ours");
  await using next = await Archive.open({ path: archive.folder.path });
  await until("all parts are finished", async () => {
    return !(await next.files()).some((file) => file.endsWith(".part"));
  });
  assert.deepEqual(await next.files(), [
    ...["demo.20261123T131200Z.mp4", "demo.mp4", "gone.20261123T131200Z.mp4", "gone.mp4"],
    ...["none.20261123T141200Z.mp4.damaged", "notes.txt"],
  ]);
  assert.deepEqual(await next.frames("demo.mp4"), latest);
  assert.deepEqual(await next.frames("demo.20261123T131200Z.mp4"), frames.slice(0, SECOND));
  assert.deepEqual(await next.frames("gone.20261123T131200Z.mp4"), frames);
  assert.deepEqual(await next.frames("gone.mp4"), frames.slice(0, SECOND));
});

Deno.test("another server's live parts in the same folder are left alone", async () => {
  await using archive = await Archive.open();
  const show = archive.begin("demo");
  await show.second();
  await archive.reach("record-start", 1);
  await using other = await Archive.open({ path: archive.folder.path });
  await other.recorder.stop();
  await show.second();
  show.end();
  await archive.reach("record-complete", 1);
  assert.deepEqual(await archive.frames("demo.mp4"), show.frames);
});

Deno.test("what is not finished when the server stops is finished by the next start", async () => {
  await using archive = await Archive.open();
  const shows = Array.from({ length: 40 }, (_, i) => archive.begin(`demo${i}`));
  for (let i = 0; i < 3; i++) await Promise.all(shows.map((show) => show.second()));
  await archive.reach("record-start", 40);
  for (const show of shows) show.end();
  const stopped = archive.recorder.stop();
  await archive.clock.advance(5000);
  await stopped;
  assert.ok((await archive.files()).some((file) => file.endsWith(".part")));

  await using next = await Archive.open({ path: archive.folder.path });
  await until("all are finished", async () => {
    return (await next.files()).every((file) => file.endsWith("Z.mp4") || /\d\.mp4$/.test(file));
  });
  for (const [i, show] of shows.entries()) {
    assert.deepEqual(await next.frames(`demo${i}.mp4`), show.frames);
  }
});

Deno.test("a file that is removed is reported, and another one goes on after a while", async () => {
  await using archive = await Archive.open();
  const show = archive.begin("demo");
  await show.second();
  await archive.reach("record-start", 1);
  await Deno.remove(archive.folder.pathOf(PART));
  await until("it is noticed", async () => {
    await show.second();
    return archive.count("record-error") > 0;
  });
  await until("recording goes on", async () => {
    await show.second();
    return archive.count("record-start") === 2;
  });
  show.end();
  await archive.reach("record-complete", 1);
  const kept = await archive.frames("demo.mp4");
  assert.deepEqual(kept, show.frames.slice(-kept.length));
  assert.equal(archive.count("record-error"), 1);
});

Deno.test("a folder that is removed is made again", async () => {
  await using archive = await Archive.open();
  await archive.record("demo", 1);
  await Deno.remove(archive.folder.path, { recursive: true });
  const frames = await archive.record("demo", 1);
  assert.deepEqual(await archive.frames("demo.mp4"), frames);
});

/** A folder on a disk that does nothing until it is told to. */
class HangingFolder extends RecordFolder {
  readonly #hang = Promise.withResolvers<void>();

  override async create(name: string, startTime: number): Promise<OpenPart> {
    const part = await super.create(name, startTime);
    const { handle } = part;
    const write = handle.write.bind(handle);
    handle.write = async (data) => {
      await this.#hang.promise;
      return await write(data);
    };
    return part;
  }

  goOn(): void {
    this.#hang.resolve();
  }
}

Deno.test("a disk that hangs costs what does not fit the queue, and nothing before that", async () => {
  let folder: HangingFolder | undefined;
  const makeFolder = (path: string) => folder = new HangingFolder(path);
  await using archive = await Archive.open({ makeFolder });
  const show = archive.begin("demo");
  for (let i = 0; i < 9; i++) await show.second();
  assert.equal(archive.count("record-error"), 0);
  for (let i = 0; i < 60; i++) await show.second();
  assert.deepEqual(archive.of("record-error").map((event) => "message" in event && event.message), [
    "the disk is too slow",
  ], "said once");

  folder?.goOn();
  await until("recording goes on", async () => {
    await show.second();
    return archive.count("record-start") === 2;
  });
  show.end();
  await archive.reach("record-complete", 2);
  const [earlier = ""] = await archive.files();
  assert.deepEqual(await archive.frames(earlier), show.frames.slice(0, 9 * SECOND));
  const later = await archive.frames("demo.mp4");
  assert.deepEqual(later, show.frames.slice(-later.length));
});

Deno.test("a clock that is set in mid-show costs nothing of it, and its files are named by the clock", async () => {
  await using archive = await Archive.open();
  const show = archive.begin("demo");
  await show.second();
  archive.clock.setWall(START - 3_600_000);
  await show.second();
  show.configure(audioConfig({ channelConfiguration: 1 }));
  await show.second();
  archive.clock.setWall(START + 3_600_000);
  await show.second();
  show.configure(audioConfig());
  await show.second();
  show.end();
  await archive.reach("record-complete", 3);
  const files = ["demo.20261123T141200Z.mp4", "demo.20261123T131201Z.mp4", "demo.mp4"];
  assert.deepEqual(await archive.files(), files.toSorted());
  const frames = [];
  for (const file of files) frames.push(...await archive.frames(file));
  assert.deepEqual(frames, show.frames);
});

Deno.test("audio that waited while the server stood still is recorded, all of it", async () => {
  await using archive = await Archive.open();
  const show = archive.begin("demo");
  for (let i = 0; i < 3; i++) await show.second();
  archive.clock.standStill(30_000);
  show.audio(30 * SECOND);
  await show.second();
  show.end();
  await archive.reach("record-complete", 1);
  assert.equal(archive.count("record-error"), 0);
  assert.deepEqual(await archive.frames("demo.mp4"), show.frames);
});

Deno.test("a clock that is set back costs no recording", async () => {
  await using archive = await Archive.open();
  const first = await archive.record("demo", 1);
  archive.clock.setWall(START - 86_400_000);
  const second = await archive.record("demo", 1);
  archive.clock.setWall(START);
  const third = await archive.record("demo", 1);
  assert.deepEqual(await archive.files(), [
    ...["demo.20261122T141200Z.mp4", "demo.20261123T141200Z.mp4", "demo.mp4"],
  ]);
  assert.deepEqual(await archive.frames("demo.20261123T141200Z.mp4"), first);
  assert.deepEqual(await archive.frames("demo.20261122T141200Z.mp4"), second);
  assert.deepEqual(await archive.frames("demo.mp4"), third);
});
