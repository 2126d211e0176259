/** What an admission holds, passes on and refuses while somebody is asked whether a connection may publish. */
import assert from "node:assert/strict";
import { Admission } from "../../src/session/admission.ts";
import { PublishRefused, type PublishRequest } from "../../src/session/ingest.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import {
  type RecordedIngest,
  RecordingDoorkeeper,
} from "../../testing/session/recording_doorkeeper.ts";

const config = audioConfig();
const frame = Uint8Array.of(1, 2, 3);
const transport = { protocol: "rtmp", address: "192.0.2.1", close() {} } as const;
const request: PublishRequest = { name: "demo", key: "sesame", transport };

/** A connection that wants to come in, and what its door is told. */
class Door {
  readonly clock = new FakeClock();
  readonly doorkeeper = new RecordingDoorkeeper();
  /** `in`, or why it was refused. */
  readonly told: unknown[] = [];
  readonly admission: Admission;

  constructor(asked: () => PublishRequest = () => request) {
    this.admission = new Admission({
      clock: this.clock,
      doorkeeper: this.doorkeeper,
      audioTimeoutMs: 10_000,
      seen: () => "video",
      request: asked,
      onAdmitted: () => this.told.push("in"),
      onRefused: (why) => this.told.push(why),
    });
  }

  /** One whose doorkeeper has somebody else asked. */
  static asking(): Door {
    const door = new Door();
    door.doorkeeper.question = Promise.withResolvers();
    door.admission.enter();
    return door;
  }

  get ingest(): RecordedIngest {
    const [ingest] = this.doorkeeper.ingests;
    if (ingest === undefined) throw new Error("it was not let in");
    return ingest;
  }

  /** Has the question answered with yes, or with no. */
  async answer(refusal?: unknown): Promise<void> {
    const { question } = this.doorkeeper;
    if (refusal === undefined) question?.resolve();
    else question?.reject(refusal);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

Deno.test("where nobody has to be asked, a connection is in at once, and what it sends goes on", () => {
  const door = new Door();
  door.admission.enter();
  assert.deepEqual(door.told, ["in"]);
  door.admission.configure(config);
  door.admission.write(frame, 5);
  door.admission.facts({ title: "x" });
  door.admission.metadata({ title: "x", artist: undefined }, 5);
  door.admission.bad(2);
  door.admission.dropped(3);
  door.admission.end("finished");
  const { ingest } = door;
  assert.deepEqual(ingest.frames, [{ data: frame, timeMs: 5 }]);
  assert.deepEqual(ingest.tags, [{ title: "x", artist: undefined, timeMs: 5 }]);
  assert.deepEqual([ingest.configs, ingest.recordedFacts], [[config], [{ title: "x" }]]);
  assert.deepEqual([ingest.badCount, ingest.droppedCount], [2, 3]);
  assert.deepEqual(ingest.ends, ["finished"]);
});

Deno.test("a connection asks with its first frame, where it did not ask before, and only once", () => {
  const door = new Door();
  door.admission.configure(config);
  door.admission.bad(1);
  assert.equal(door.admission.admitted, false);
  door.admission.write(frame, 0);
  assert.equal(door.admission.admitted, true);
  door.admission.enter();
  door.admission.write(frame, 21);
  assert.equal(door.doorkeeper.ingests.length, 1);
  assert.deepEqual(door.ingest.frames.map(({ timeMs }) => timeMs), [0, 21]);
  assert.deepEqual([door.ingest.configs, door.ingest.badCount], [[config], 1]);
});

Deno.test("what comes before the answer is held, and comes out behind it in order", async () => {
  const door = Door.asking();
  const other = audioConfig();
  const buffer = Uint8Array.of(0);
  door.admission.facts({ title: "old" });
  door.admission.configure(config);
  for (const timeMs of [0, 21]) {
    buffer[0] = timeMs;
    door.admission.write(buffer, timeMs);
  }
  door.admission.facts({ title: "new" });
  door.admission.metadata({ title: "new", artist: "Band" }, 30);
  door.admission.configure(other);
  door.admission.write(frame, 42);
  door.admission.bad(2);
  assert.deepEqual(door.told, []);
  await door.answer();
  const { ingest } = door;
  assert.deepEqual(ingest.request.approved, { name: "demo" });
  assert.deepEqual(ingest.frames.map(({ data }) => [...data]), [[0], [21], [1, 2, 3]]);
  assert.deepEqual(ingest.recordedFacts, [{ title: "new" }]);
  assert.deepEqual(ingest.tags, [{ title: "new", artist: "Band", timeMs: 30 }]);
  assert.deepEqual(ingest.configs, [config, other, other]);
  assert.equal(ingest.badCount, 2);
  door.admission.write(frame, 63);
  assert.equal(ingest.frames.length, 4);
});

Deno.test("a configuration that came before the answer is told, also where no frame came", async () => {
  const door = Door.asking();
  door.admission.configure(config);
  await door.answer();
  assert.deepEqual(door.ingest.configs, [config]);
});

Deno.test("what is held is bounded, and what is beyond is counted as dropped", async () => {
  const door = Door.asking();
  door.admission.configure(config);
  for (let i = 0; i < 300; i++) door.admission.write(new Uint8Array(1000), i);
  await door.answer();
  assert.deepEqual([door.ingest.frames.length, door.ingest.droppedCount], [246, 54]);
});

Deno.test("a door is told why a connection is refused, at once or later, and it is sent nothing", async () => {
  const refusal = new PublishRefused("not-allowed", "No.");
  const late = Door.asking();
  late.admission.write(frame, 0);
  await late.answer(refusal);
  assert.deepEqual(late.told, [refusal]);

  const early = new Door();
  early.doorkeeper.ask = () => {
    throw refusal;
  };
  early.admission.write(frame, 0);
  assert.deepEqual(early.told, [refusal]);

  const full = Door.asking();
  full.doorkeeper.refusal = "limit";
  await full.answer();
  assert.match(String(full.told), /Not today/);

  for (const door of [late, early, full]) {
    door.admission.write(frame, 21);
    door.admission.metadata({ title: "x", artist: undefined }, 21);
    door.admission.end("lost");
    assert.equal(door.doorkeeper.ingests.length, 0);
    assert.equal(door.told.length, 1);
  }
});

Deno.test("what a door cannot ask for, and a bug behind it, are told as a refusal too", async () => {
  const error = new Error("no stream id");
  const wrong = new Door(() => {
    throw error;
  });
  wrong.admission.enter();
  assert.deepEqual(wrong.told, [error]);

  const bug = new TypeError("a bug");
  const door = Door.asking();
  door.doorkeeper.publish = () => {
    throw bug;
  };
  await door.answer();
  assert.deepEqual(door.told, [bug]);
});

Deno.test("who is gone by the time of the answer takes nobody's place", async () => {
  for (const refusal of [undefined, new PublishRefused("not-allowed", "No.")]) {
    const door = Door.asking();
    door.admission.write(frame, 0);
    door.admission.end("lost");
    await door.answer(refusal);
    assert.equal(door.doorkeeper.ingests.length, 0);
    assert.deepEqual(door.told, []);
  }
});

Deno.test("who is gone while he is let in is lost", () => {
  const door = new Door();
  const publish = door.doorkeeper.publish.bind(door.doorkeeper);
  door.doorkeeper.publish = (request) => {
    const ingest = publish(request);
    door.admission.end("lost");
    return ingest;
  };
  door.admission.enter();
  assert.deepEqual(door.ingest.ends, ["lost"]);
  assert.deepEqual(door.told, []);
});

Deno.test("a sender that can wait is made to, while much is held and while he is far ahead", async () => {
  const door = Door.asking();
  door.admission.configure(config);
  assert.equal(door.admission.pauseMs, 0);
  for (let i = 0; i < 40; i++) door.admission.write(new Uint8Array(1000), i);
  assert.ok(door.admission.pauseMs > 0);
  await door.answer();
  assert.equal(door.admission.pauseMs, 0);
  door.ingest.aheadMs = 5100;
  assert.equal(door.admission.pauseMs, 100);
  door.ingest.aheadMs = 60_000;
  assert.equal(door.admission.pauseMs, 500);
});

Deno.test("a connection that is in and sends no audio is rejected in time, with what came instead", async () => {
  const door = new Door();
  door.admission.enter();
  door.admission.bad(1);
  await door.clock.advance(9999);
  assert.deepEqual(door.ingest.rejections, []);
  await door.clock.advance(1);
  assert.deepEqual(door.ingest.rejections, ["no audio within 10 s, but video"]);
});

Deno.test("a connection whose audio ends is rejected too, and one that goes on is not", async () => {
  const door = new Door();
  door.admission.configure(config);
  for (let i = 0; i < 30; i++) {
    door.admission.write(frame, i);
    await door.clock.advance(9000);
  }
  assert.deepEqual(door.ingest.rejections, []);
  await door.clock.advance(11_000);
  assert.deepEqual(door.ingest.rejections, ["no more audio for 10 s, but video"]);
});

Deno.test("a connection that has not asked and sends no audio is refused in time", async () => {
  const door = new Door();
  await door.clock.advance(10_000);
  const [why, ...others] = door.told;
  assert.ok(why instanceof PublishRefused && others.length === 0);
  assert.deepEqual([why.kind, why.message], ["no-audio", "no audio within 10 s, but video"]);
});

Deno.test("who waits for the answer, or is made to wait, has his time for audio after that", async () => {
  const door = Door.asking();
  await door.clock.advance(95_000);
  await door.answer();
  await door.clock.advance(9999);
  assert.deepEqual(door.ingest.rejections, []);
  door.ingest.aheadMs = 60_000;
  await door.clock.advance(30_000);
  assert.deepEqual(door.ingest.rejections, []);
  door.ingest.aheadMs = 0;
  await door.clock.advance(10_000);
  assert.equal(door.ingest.rejections.length, 1);
});

Deno.test("who is gone, or refused, is not watched any more", async () => {
  const gone = new Door();
  gone.admission.enter();
  gone.admission.end("lost");
  const refused = Door.asking();
  await refused.answer(new PublishRefused("not-allowed", "No."));
  for (const { clock } of [gone, refused]) assert.equal(clock.timerCount, 0);
});

Deno.test("what is rejected before the answer is rejected behind it, with what is held", async () => {
  const door = Door.asking();
  door.admission.configure(config);
  door.admission.write(frame, 0);
  door.admission.reject("unsupported audio: MP3");
  door.admission.reject("unsupported audio: Opus");
  await door.answer();
  assert.deepEqual(door.ingest.rejections, ["unsupported audio: MP3"]);
  assert.equal(door.ingest.frames.length, 1);
});
