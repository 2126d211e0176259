/** Whoever comes to the SRT ports with nonsense leaves a broadcast untouched. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { setTimeout as pause } from "node:timers/promises";
import { SrtError } from "../../ffi/srt.ts";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { type SrtCaller, SrtCallers } from "../../testing/srt/srt_callers.ts";
import { assertSent, toHex } from "../../testing/e2e/audio_sent.ts";
import { Child } from "../../testing/child.ts";
import { until } from "../../testing/until.ts";
import { reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import {
  buildSampleClients,
  SampleSender,
  sharedPort,
  sharedUrl,
} from "../../testing/e2e/srt_senders.ts";

const PASSPHRASE = "correct-horse-battery";
const DRIP_MS = 5;

/** Stream ids that open nothing, and what the log says of each. */
const REFUSED: readonly (readonly [streamId: string, why: RegExp])[] = [
  ["publish:nobody", /a key is needed/],
  ["publish:nobody::not-the-key", /the key is wrong/],
  ["publish:demo::not-the-key", /the key is wrong/],
  ["#!::r=demo,m=bidirectional,s=not-the-key", /expected m=publish, got m=bidirectional/],
  ["#!::m=publish,s=not-the-key", /Cannot parse stream id/],
  ["#!:{}not-the-key", /Cannot parse stream id/],
  ["%00%ff\u0001\u001b[31m\n", /a name is 1 to 128 of/],
  ["a".repeat(512), /a name is 1 to 128 of/],
];

scenario("who comes to the SRT ports with nonsense leaves a broadcast untouched", async (t) => {
  await buildSampleClients();
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const sent = toHex((await media.readFrames(clip)).map(({ data }) => data));
  await using server = await EchoServer.start({
    env: {
      ECHO_AUTH: "key",
      ECHO_AUTH_ANY: "1",
      ECHO_SRT_PASSPHRASE: PASSPHRASE,
      ECHO_SRT_READ_TIMEOUT: "8",
    },
  });
  const grantFor = (name: string) => {
    const control = `127.0.0.1:${server.controlPort}`;
    return reserve(control, name, { protocol: "srt", authorization: "Bearer anything" });
  };
  const streamIdFor = async (name: string) => `publish:${name}::${(await grantFor(name)).key}`;
  const ends = () => server.log.filter((line) => /SRT connection from .* ended: /.test(line));
  const refusals = () => server.log.filter((line) => /SRT connection from .* refused: /.test(line));
  const shared = { hostname: "127.0.0.1", port: sharedPort(server) };

  const { key, srtPort = 0 } = await grantFor("demo");
  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  await using _sender = new SampleSender(clip, shared.port, `publish:demo::${key}`, PASSPHRASE);
  await until("it is on air", () => follower.segments.size >= 2);
  await using _noise = new Noise([shared.port, srtPort]);
  using callers = new Callers();

  const encrypted = { passphrase: PASSPHRASE };
  const silent = await callers.connect(shared, {
    streamId: await streamIdFor("silent"),
    ...encrypted,
  });
  await t.step("another passphrase, or none, does not get in", async () => {
    for (const options of [{}, { passphrase: "wrong-horse-battery" }]) {
      await assert.rejects(callers.connect(shared, { streamId: "demo", ...options }), SrtError);
    }
    assert.deepEqual(ends(), []);
  });

  await t.step("what opens nothing is refused in the handshake, with one line", async () => {
    const before = refusals().length;
    for (const [streamId] of REFUSED) {
      assert.ok(await callers.refusal(shared, { streamId, ...encrypted }) >= 1400, streamId);
    }
    await until("all are logged", () => refusals().length >= before + REFUSED.length);
    const lines = refusals().slice(before);
    assert.equal(lines.length, REFUSED.length, lines.join("\n"));
    for (const [i, [streamId, why]] of REFUSED.entries()) {
      assert.match(lines[i] ?? "", why, streamId);
    }
    assert.doesNotMatch(server.log.join("\n"), /not-the-key/);
  });

  await t.step("what is no audio is closed, with one line", async () => {
    const before = ends().length;
    const random = await callers.connect(shared, {
      streamId: await streamIdFor("random"),
      ...encrypted,
    });
    const url = `${sharedUrl(server, await streamIdFor("video"))}&passphrase=${PASSPHRASE}`;
    await using video = new Child("ffmpeg", [
      ...["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25"],
      ...["-c:v", "mpeg2video", "-q:v", "1", "-f", "mpegts", url],
    ]);
    await sendNoise(random);
    await random.closed();
    assert.notEqual((await video.end()).code, 0);
    await silent.closed();
    await until("all are logged", () => ends().length >= before + 3);
    const lines = ends().slice(before);
    assert.equal(lines.length, 3, lines.join("\n"));
    for (
      const line of [
        / random#\d+ .* ended: unsupported audio: bytes that begin with /,
        / video#\d+ .* ended: (unsupported audio: |no audio within 8 s, but )MPEG-TS with MPEG-2 video/,
        / silent#\d+ .* ended: (silent for 8 s|no audio within 8 s, but nothing)$/,
      ]
    ) {
      assert.equal(lines.filter((text) => line.test(text)).length, 1, `${line} in\n${lines}`);
    }
  });

  const heard = follower.segments.size;
  await until("it has been on air for a while", () => follower.segments.size >= heard + 2);
  assertSent(toHex(follower.accessUnits), sent, "demo");
  const onAir = server.log.filter((line) => / on air /.test(line));
  assert.deepEqual(onAir.map((line) => / (\w+)#/.exec(line)?.[1]), ["demo"]);
});

/** Callers that leave when they are disposed of. */
class Callers extends SrtCallers implements Disposable {
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Until the server has enough. */
async function sendNoise(caller: SrtCaller): Promise<void> {
  try {
    while (caller.end === undefined) {
      caller.send(crypto.getRandomValues(new Uint8Array(1000)));
      await pause(DRIP_MS);
    }
  } catch (error) {
    if (!(error instanceof SrtError)) throw error;
  }
}

/** Datagrams that are no SRT at all, and handshakes that go wrong, until it is disposed of. */
class Noise implements AsyncDisposable {
  readonly #over = new AbortController();
  readonly #sending: Promise<void>;

  constructor(ports: readonly number[]) {
    this.#sending = this.#send(ports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#sending;
  }

  async #send(ports: readonly number[]): Promise<void> {
    const socket = createSocket("udp4");
    while (!this.#over.signal.aborted) {
      for (const port of ports) {
        const bytes = crypto.getRandomValues(new Uint8Array(Math.floor(Math.random() * 1472)));
        // Half of them look like control packets (draft-sharabayko-srt 3.2).
        if (Math.random() < 0.5) {
          bytes.set([0x80, Math.floor(Math.random() * 9), 0, 0]
            .slice(0, bytes.length));
        }
        socket.send(bytes, port, "127.0.0.1");
      }
      await pause(DRIP_MS);
    }
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}
