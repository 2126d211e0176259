/** The SRT server on loopback: keys, passphrases, time limits, and how each connection ends. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { listenSrt, loadSrt, type SrtAddress, SrtError, SrtUnavailable } from "../../ffi/srt.ts";
import { writeId3Texts } from "../../src/audio/id3_texts.ts";
import { ByteBuffer } from "../../src/mpegts/byte_buffer.ts";
import { AudioMuxer } from "../../src/mpegts/muxer.ts";
import { EventBus } from "../../src/session/events.ts";
import { PublishRefused } from "../../src/session/ingest.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { SrtServer } from "../../src/srt/server.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { until } from "../../testing/until.ts";
import { SrtFixture } from "../../testing/srt/srt_fixture.ts";
import { message, messages, numbersOf, range } from "../../testing/srt/srt_messages.ts";

const srt = loadSrt();

Deno.test("who comes to the shared listener publishes what the stream id names", async () => {
  await using fixture = await SrtFixture.start();
  const caller = await fixture.callers.connect(fixture.shared, {
    streamId: "#!::r=demo,m=publish,s=sesame",
  });
  await until("it is let in", () => fixture.kinds("demo").includes("authorize"));
  const session = fixture.sessions.find("demo");
  assert.equal(session?.transport?.address, "127.0.0.1");
  assert.equal(session?.protocol, "srt");
  assert.equal(session?.state, "ready", "but is not on air yet");
  caller.send(...messages(50));
  assert.deepEqual(numbersOf(await fixture.frames("demo", 50)), range(0, 50));
  assert.equal(session?.state, "publishing");
  const { transport } = session ?? {};
  assert.deepEqual([...fixture.server.publishers], [transport]);
  caller.close();
  await fixture.ended(/demo#\d+ .* ended: .*; 50 packets.*, 0 given up/);
  assert.equal(session?.state, "paused");
  assert.deepEqual([...fixture.server.publishers], []);
  assert.deepEqual(fixture.kinds("demo"), ["authorize", "create", "input-quality", "pause"]);
  assert.equal(fixture.log.lines.length, 1);
  assert.doesNotMatch(fixture.log.lines.join(), /sesame/);
});

const refused = {
  "m=request": ["#!::r=demo,m=request", 1405, /expected m=publish, got m=request/],
  "an unparsable stream id": ["stream:demo:dj:sesame", 1400, /Cannot parse stream id/],
  "no stream id": [undefined, 1400, /Cannot parse stream id/],
  "an invalid name": [
    "publish:../etc::sesame",
    1400,
    /a name is 1 to 128 of.*; got stream id publish:\.\.\/…; expected/,
  ],
  "the reserved name": ["live", 1400, /a name is 1 to 128 of/],
} as const;
for (const [what, [streamId, code, why]] of Object.entries(refused)) {
  Deno.test(`${what} is refused with ${code}, and one log line`, async () => {
    await using fixture = await SrtFixture.start();
    const options = streamId === undefined ? {} : { streamId };
    assert.equal(await fixture.callers.refusal(fixture.shared, options), code);
    await fixture.refused(why);
    assert.equal(fixture.log.lines.length, 1);
    assert.match(
      fixture.log.lines[0] ?? "",
      /^warning SRT connection from 127\.0\.0\.1:\d+ refused: /,
    );
    assert.doesNotMatch(fixture.log.lines.join(), /sesame/);
    assert.deepEqual(fixture.sessions.sessions, []);
  });
}

Deno.test("where keys are needed, a wrong one is refused and the right one taken", async () => {
  await using fixture = await SrtFixture.start({ auth: "key" });
  const { key, session } = fixture.reserve("demo");
  for (const streamId of ["demo", "publish:demo::wrong", "#!::r=other,m=publish,s=" + key]) {
    assert.equal(await fixture.callers.refusal(fixture.shared, { streamId }), 1403);
  }
  await fixture.refused(/a key is needed/);
  await fixture.refused(/the key is wrong/, 2);
  const caller = await fixture.callers.connect(fixture.shared, {
    streamId: `publish:demo::${key}`,
  });
  caller.send(message(1));
  await fixture.frames("demo", 1);
  assert.equal(fixture.sessions.find("demo"), session);
  assert.doesNotMatch(fixture.log.lines.join(), new RegExp(key));
});

Deno.test("a server that is full, or about to stop, says so to who comes", async () => {
  await using fixture = await SrtFixture.start();
  fixture.sessions.openness.limits = { maxSessions: 0, maxWaiting: 0 };
  assert.equal(await fixture.callers.refusal(fixture.shared, { streamId: "demo" }), 1402);
  fixture.sessions.drain();
  assert.equal(await fixture.callers.refusal(fixture.shared, { streamId: "demo" }), 1503);
});

Deno.test("a passphrase opens the shared listener, and no other does", async () => {
  await using fixture = await SrtFixture.start({ passphrase: "correct horse" });
  for (const options of [{ passphrase: "wrong horse" }, {}]) {
    await assert.rejects(
      fixture.callers.connect(fixture.shared, { streamId: "demo", ...options }),
      SrtError,
    );
  }
  const passphrase = "correct horse";
  const caller = await fixture.callers.connect(fixture.shared, { streamId: "demo", passphrase });
  caller.send(message(7));
  assert.deepEqual(numbersOf(await fixture.frames("demo", 1)), [7]);
  const { port } = fixture.reserve("other");
  const plain = await fixture.callers.connect(port);
  plain.send(message(8));
  assert.deepEqual(numbersOf(await fixture.frames("other", 1)), [8]);
  await until("both are counted", () => fixture.server.failedHandshakes === 2);
  assert.equal(
    fixture.log.matching(/failed in its handshake: its passphrase may be wrong/).length,
    2,
  );
});

Deno.test("a transport that falls silent is closed, and the session waits", async () => {
  const clock = new FakeClock();
  await using fixture = await SrtFixture.start({ clock });
  const caller = await fixture.callers.connect(fixture.shared, { streamId: "demo" });
  caller.send(message(1));
  await fixture.frames("demo", 1);
  await clock.advance(9000);
  caller.send(message(2));
  await fixture.frames("demo", 2);
  await clock.advance(9000);
  assert.equal(caller.end, undefined);
  await clock.advance(1000);
  await caller.closed();
  await fixture.ended(/silent for 10 s; 2 packets/);
  assert.equal(fixture.sessions.find("demo")?.state, "paused");
  await clock.advance(59_000);
  const again = await fixture.callers.connect(fixture.shared, { streamId: "demo" });
  again.send(message(3));
  await fixture.frames("demo", 3);
  assert.deepEqual(fixture.kinds("demo").filter((kind) => /create|pause|resume/.test(kind)), [
    "create",
    "pause",
    "resume",
  ]);
});

Deno.test("a connection that never sends is closed in time, on either listener", async () => {
  const clock = new FakeClock();
  await using fixture = await SrtFixture.start({ clock });
  const { port, session } = fixture.reserve("ported");
  const shared = await fixture.callers.connect(fixture.shared, { streamId: "demo" });
  const ported = await fixture.callers.connect(port);
  await until("both are there", () => [...fixture.server.publishers].length === 2);
  await clock.advance(10_000);
  await shared.closed();
  await ported.closed();
  await fixture.ended(/no audio within 10 s, but nothing$/, 2);
  assert.equal(session.state, "ready");
});

Deno.test("a connection that sends anything but audio is closed in time", async () => {
  const clock = new FakeClock();
  await using fixture = await SrtFixture.start({ clock });
  const caller = await fixture.callers.connect(fixture.shared, { streamId: "demo" });
  for (let i = 0; i < 5; i++) {
    caller.send(new Uint8Array(100).fill(9));
    await until("it is heard", () =>
      [...fixture.server.publishers].some((publisher) => {
        return (publisher.statistics?.packetsReceived ?? 0) > i;
      }));
    await until("nothing waits", () => {
      return [...fixture.server.publishers][0]?.statistics?.receiveBufferPackets === 0;
    });
    await clock.advance(2000);
  }
  await caller.closed();
  await fixture.ended(/no audio within 10 s, but bytes that begin with 0909090909090909/);
});

Deno.test("random bytes are refused, and hurt nobody else", async () => {
  await using fixture = await SrtFixture.start();
  const good = await fixture.callers.connect(fixture.shared, { streamId: "good" });
  const bad = await fixture.callers.connect(fixture.shared, { streamId: "bad" });
  good.send(...messages(10));
  for (let i = 0; i < 20; i++) bad.send(crypto.getRandomValues(new Uint8Array(1000)));
  await bad.closed();
  await fixture.ended(
    /bad#\d+ .* ended: unsupported audio: bytes that begin with [0-9a-f]{16}; AAC/,
  );
  good.send(...messages(10, 10));
  assert.deepEqual(numbersOf(await fixture.frames("good", 20)), range(0, 20));
  assert.equal(fixture.broadcast("bad").frames.length, 0);
});

Deno.test("a sample rate that changes in mid-stream goes on air as it is", async () => {
  await using fixture = await SrtFixture.start();
  const caller = await fixture.callers.connect(fixture.shared, { streamId: "demo" });
  const slower = audioConfig({ sampleRate: 44100 });
  caller.send(message(0), message(1), message(2, slower), message(3, slower));
  assert.deepEqual(numbersOf(await fixture.frames("demo", 4)), [0, 1, 2, 3]);
  const rates = fixture.broadcast("demo").configs.map(({ sampleRate }) => sampleRate);
  assert.deepEqual(rates, [48000, 44100]);
});

Deno.test("ID3 tags of a transport stream become the broadcast's title", async () => {
  await using fixture = await SrtFixture.start();
  const caller = await fixture.callers.connect(fixture.shared, { streamId: "demo" });
  const muxer = new AudioMuxer(audioConfig(), true);
  const out = new ByteBuffer();
  muxer.begin(out);
  muxer.writeId3(writeId3Texts({ title: "Song\n", artist: "Band" }), 90_000);
  for (let i = 0; i < 50; i++) muxer.write(new Uint8Array(100).fill(i + 1), 90_000 + i * 1920);
  muxer.end();
  for (let at = 0; at < out.length; at += 1316) {
    caller.send(out.view().slice(at, Math.min(at + 1316, out.length)));
  }
  await until("it has a title", () => fixture.kinds("demo").includes("metadata"));
  const { title, artist, position } = fixture.sessions.find("demo")?.tags ?? {};
  assert.deepEqual({ title, artist, position }, { title: "Song", artist: "Band", position: 0 });
});

Deno.test("what a source sends further than 10 s ahead of real time is dropped", async () => {
  const clock = new FakeClock();
  await using fixture = await SrtFixture.start({ clock });
  const caller = await fixture.callers.connect(fixture.shared, { streamId: "demo" });
  caller.send(...messages(1000));
  const quality = () => fixture.sessions.find("demo")?.quality;
  const heard = () => (quality()?.total_count ?? 0) + (quality()?.drop_count ?? 0);
  await until("all have come", () => heard() === 1000);
  const total = quality()?.total_count ?? 0;
  assert.ok(total >= 469 && total <= 471, `${total} frames`);
  assert.equal(fixture.sessions.find("demo")?.transport?.tooEarly, 1000 - total);
  assert.equal(fixture.log.matching(/sends faster than real time/).length, 1);
  await clock.advance(5000);
  caller.send(message(1));
  await until("it has come", () => heard() === 1001);
  assert.equal(quality()?.total_count, total + 1);
  caller.close();
  await fixture.ended(/1001 packets.*, 5[23]\d frames too early/);
});

Deno.test("the end of a session closes its port, its connection and who waits", async () => {
  await using fixture = await SrtFixture.start();
  const { session, port } = fixture.reserve("demo");
  const live = await fixture.callers.connect(port);
  live.send(message(1));
  await fixture.frames("demo", 1);
  const waiting = await fixture.callers.connect(port);
  await until("both are there", () => [...fixture.server.publishers].length === 2);
  session.end("teardown", SERVER_REASON);
  await live.closed();
  await waiting.closed();
  await fixture.ended(/demo#\d+ .* ended: teardown by server/);
  await fixture.ended(/demo#\d+ .* ended: the session is over/);
  assert.equal(fixture.server.portOf(session), undefined);
  assert.equal(fixture.broadcast("demo").ended, "teardown");
  await assert.rejects(fixture.callers.connect(port, { connectTimeoutMs: 300 }), SrtError);
});

Deno.test("without a free port a session is refused, and a port that is let go serves at once", async () => {
  const probe = await SrtFixture.start();
  const { port: { port: min } } = probe.reserve("probe");
  await probe[Symbol.asyncDispose]();
  await using fixture = await SrtFixture.start({ ports: { min, max: min + 1 } });
  const first = fixture.reserve("first");
  const second = fixture.reserve("second");
  assert.deepEqual(new Set([first.port.port, second.port.port]), new Set([min, min + 1]));
  assert.throws(
    () => fixture.reserve("third"),
    (error) => error instanceof PublishRefused && error.kind === "limit",
  );
  assert.equal(fixture.sessions.find("third"), undefined);
  for (let round = 0; round < 5; round++) {
    fixture.sessions.find(round === 0 ? "first" : `again${round - 1}`)?.end(
      "teardown",
      SERVER_REASON,
    );
    const { port } = fixture.reserve(`again${round}`);
    assert.equal(port.port, first.port.port);
    const caller = await fixture.callers.connect(port);
    caller.send(message(round));
    assert.deepEqual(numbersOf(await fixture.frames(`again${round}`, 1)), [round]);
  }
});

Deno.test("a port that somebody else has is passed over", async () => {
  const taken = createSocket("udp4");
  await new Promise<void>((resolve) => taken.bind(0, "127.0.0.1", resolve));
  const { port } = taken.address();
  try {
    await using fixture = await SrtFixture.start({ ports: { min: port, max: port + 1 } });
    assert.equal(fixture.reserve("demo").port.port, port + 1);
    assert.throws(() => fixture.reserve("other"), PublishRefused);
  } finally {
    await new Promise<void>((resolve) => taken.close(() => resolve()));
  }
});

Deno.test("a session's name keeps its port", async () => {
  await using fixture = await SrtFixture.start();
  const first = fixture.reserve("demo");
  const again = fixture.reserve("demo");
  assert.equal(again.session, first.session);
  assert.deepEqual(again.port, first.port);
});

Deno.test("closing the server ends its connections, and may be done twice", async () => {
  await using fixture = await SrtFixture.start();
  const { port } = fixture.reserve("demo");
  const callers = [
    await fixture.callers.connect(port),
    await fixture.callers.connect(fixture.shared, { streamId: "other" }),
  ];
  await until("both are there", () => [...fixture.server.publishers].length === 2);
  await Promise.all([fixture.server.close(), fixture.server.close()]);
  for (const caller of callers) await caller.closed();
  await fixture.ended(/the server stops/, 2);
});

Deno.test("a server that refuses callers closes while they keep coming", async () => {
  await using fixture = await SrtFixture.start();
  const { shared, callers } = fixture;
  const timer = setInterval(() => callers.call(shared, { streamId: "m=request" }), 2);
  try {
    await until("some are refused", () => fixture.log.matching(/ refused: /).length >= 5);
    await fixture.server.close();
  } finally {
    clearInterval(timer);
  }
  assert.deepEqual([...fixture.server.publishers], []);
});

Deno.test("a missing libsrt and an address that is taken are told", async () => {
  await using fixture = await SrtFixture.start();
  const start = (library: string | undefined, port: number) => {
    const server = new SrtServer({
      addr: { hostname: "127.0.0.1", port },
      ports: { min: 30000, max: 49150 },
      latencyMs: 20,
      readTimeoutMs: 10_000,
      passphrase: undefined,
      library,
      clock: new FakeClock(),
      sessions: fixture.sessions,
      events: new EventBus(),
      sockets: fixture.sockets,
    });
    server.start();
  };
  assert.throws(() => start("/nowhere/libsrt.so", 0), (error) => {
    return error instanceof SrtUnavailable && /apt install libsrt/.test(error.message);
  });
  assert.throws(() => start(undefined, fixture.shared.port), SrtError);
});

/** libsrt counts its sockets down: ends the listener that `open` opens, without Echo's doing. */
function endingListener(open: () => void): () => void {
  using before = listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
  open();
  return () => srt.check(srt.symbols.srt_close(before.id - 1), "end the listener");
}

Deno.test("a session's port that ends is opened again, and its publisher goes on", async () => {
  await using fixture = await SrtFixture.start();
  let port: SrtAddress | undefined;
  const end = endingListener(() => port = fixture.reserve("demo").port);
  assert.ok(port !== undefined);
  const first = await fixture.callers.connect(port);
  first.send(...messages(5));
  await fixture.frames("demo", 5);
  end();
  await until("it is open again", () => fixture.sockets.restarts.get("srt-port") === 1);
  first.send(...messages(5));
  await fixture.frames("demo", 10);
  await fixture.callers.connect(port);
  assert.match(fixture.log.lines.join("\n"), /SRT for demo no longer listens on 127\.0\.0\.1:\d+,/);
});

Deno.test("the shared listener is opened again where it ends, and its publishers go on", async () => {
  let fixture: SrtFixture | undefined;
  const log = await LogRecorder.start();
  const end = endingListener(() => fixture = new SrtFixture(log));
  assert.ok(fixture !== undefined);
  await using started: SrtFixture = fixture;
  const first = await started.callers.connect(started.shared, { streamId: "demo" });
  first.send(...messages(5));
  await started.frames("demo", 5);
  end();
  await until("it is open again", () => started.sockets.restarts.get("srt") === 1);
  first.send(...messages(5));
  await started.frames("demo", 10);
  const second = await started.callers.connect(started.shared, { streamId: "other" });
  second.send(...messages(5));
  await started.frames("other", 5);
});
