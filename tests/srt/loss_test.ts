/** Loss on the way to the SRT server: repaired in time, or silence of the same length. */
import assert from "node:assert/strict";
import { concat } from "../../testing/bytes.ts";
import { encode } from "../../testing/audio/ffmpeg.ts";
import { until } from "../../testing/until.ts";
import { cut } from "../../testing/srt/payload_collector.ts";
import { SrtFixture } from "../../testing/srt/srt_fixture.ts";
import { message, messages, numbersOf, range } from "../../testing/srt/srt_messages.ts";
import { type SrtDataPacket, SrtRelay } from "../../testing/srt/srt_relay.ts";

/** Numbers from 0 to 1 that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

Deno.test("loss that can be repaired in time costs no frame", async () => {
  // Time to repair in, though the machine were to stand still for a second or two.
  await using fixture = await SrtFixture.start({ latencyMs: 3000 });
  const random = seeded(7);
  const lostBefore = new Map<number, number>();
  let controlLost = false;
  await using relay = await SrtRelay.to(fixture.shared, {
    delayMs: 40,
    loses({ sequence, message }) {
      const before = lostBefore.get(sequence) ?? 0;
      // Nobody misses the last ones, as nothing comes after them: libsrt may give those up.
      const loses = message <= 180 && before < 2 && random() < 0.05;
      if (loses) lostBefore.set(sequence, before + 1);
      return loses;
    },
    losesControl: () => controlLost = !controlLost && random() < 0.05,
  });
  const caller = await fixture.callers.connect(relay.address, { streamId: "demo" });
  for (let i = 0; i < 200; i++) {
    caller.send(message(i));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.deepEqual(numbersOf(await fixture.frames("demo", 200)), range(0, 200));
  const [publisher] = fixture.server.publishers;
  const { packetsLost, packetsRetransmitted, packetsDropped } = publisher?.statistics ?? {};
  assert.ok(lostBefore.size > 0 && (packetsLost ?? 0) > 0, `${packetsLost} lost`);
  assert.ok((packetsRetransmitted ?? 0) > 0, `${packetsRetransmitted} retransmitted`);
  assert.equal(packetsDropped, 0);
  const session = fixture.sessions.find("demo");
  assert.deepEqual(session?.quality, {
    total_count: 200,
    drop_count: 0,
    bad_count: 0,
    filler_count: 0,
  });
  caller.close();
  await fixture.ended(
    /ended: .*; 200 packets, RTT \d+\.\d ms, [1-9]\d* lost, [1-9]\d* retransmitted, 0 given up$/,
  );
});

/** A caller to `demo` all of whose messages with numbers in `lost` are lost for good. */
async function lossy(fixture: SrtFixture, lost: readonly number[]) {
  const relay = await SrtRelay.to(fixture.shared, {
    loses: ({ message }: SrtDataPacket) => lost.includes(message),
  });
  const caller = await fixture.callers.connect(relay.address, { streamId: "demo" });
  return { relay, caller };
}

Deno.test("frames that are lost for good become as much silence, in their place", async () => {
  await using fixture = await SrtFixture.start();
  // Message numbers begin at 1.
  const { relay, caller } = await lossy(fixture, [6, 21, 22, 23, 24, 25, 26, 27, 28, 29, 40]);
  await using _ = relay;
  caller.send(...messages(60));
  const frames = numbersOf(await fixture.frames("demo", 49));
  assert.deepEqual(frames, [
    ...range(0, 5),
    ...range(6, 20),
    ...range(29, 39),
    ...range(40, 60),
  ]);
  assert.equal(fixture.broadcast("demo").silent, 11);
  const quality = { total_count: 49, drop_count: 11, bad_count: 0, filler_count: 11 };
  assert.deepEqual(fixture.sessions.find("demo")?.quality, quality);
  caller.close();
  await fixture.ended(/11 given up/);
});

Deno.test("a lost message of several frames is as many frames of silence", async () => {
  await using fixture = await SrtFixture.start();
  const { relay, caller } = await lossy(fixture, [3, 4]);
  await using _ = relay;
  const triples = range(0, 8).map((i) => concat(messages(3, 3 * i)));
  caller.send(...triples);
  assert.deepEqual(numbersOf(await fixture.frames("demo", 18)), [...range(0, 6), ...range(12, 24)]);
  assert.equal(fixture.broadcast("demo").silent, 6);
  assert.equal(fixture.sessions.find("demo")?.quality.drop_count, 2);
});

Deno.test("in MPEG-TS, timestamps tell how much silence a lost packet is", async () => {
  await using fixture = await SrtFixture.start();
  const ts = cut(await encode({ seconds: 3, format: "mpegts", options: ["-muxdelay", "0"] }), 1316);
  const { relay, caller } = await lossy(fixture, [25, 26, 27]);
  await using _ = relay;
  caller.send(...ts);
  const broadcast = fixture.broadcast("demo");
  const whole = 142; // 3 s, and the encoder's priming
  await until("all has come", () => {
    return broadcast.frames.length + broadcast.silent >= whole - 8;
  });
  caller.close();
  await fixture.ended(/3 given up/);
  const quality = fixture.sessions.find("demo")?.quality;
  assert.equal(quality?.drop_count, 3);
  assert.ok(broadcast.silent >= 6 && broadcast.silent <= 16, `${broadcast.silent} silent`);
  const sum = broadcast.frames.length + broadcast.silent;
  assert.ok(Math.abs(sum - whole) <= 1, `${sum} frames`);
});
