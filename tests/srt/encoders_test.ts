/** FFmpeg and srt-live-transmit publish to a real SRT server; frames arrive byte for byte. */
import assert from "node:assert/strict";
import type { SrtAddress } from "../../ffi/srt.ts";
import { accessUnits } from "../../testing/audio/access_units.ts";
import { coder, encode, source } from "../../testing/audio/ffmpeg.ts";
import { until } from "../../testing/until.ts";
import { SrtFixture } from "../../testing/srt/srt_fixture.ts";

const adts = await encode({ seconds: 1.5 });
const sent = accessUnits(adts).frames;
const picture = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"];
const video = ["-c:v", "mpeg2video", "-b:v", "1M"];

/** A program that publishes, ended when the test has what it needs. */
class Encoder implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #said: Promise<string>;

  constructor(program: string, args: readonly string[]) {
    this.#child = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#said = new Response(this.#child.stderr).text();
  }

  static ffmpeg(url: string, ...args: readonly string[]): Encoder {
    return new Encoder("ffmpeg", ["-v", "error", ...args, "-f", "mpegts", url]);
  }

  async feed(bytes: Uint8Array): Promise<void> {
    await this.#stdin.write(new Uint8Array(bytes));
  }

  /** What it says until it ends by itself. */
  async ended(): Promise<string> {
    await this.#child.status;
    return await this.#said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#stdin.abort();
    await this.ended();
  }
}

const urlOf = ({ hostname, port }: SrtAddress, query = "") => `srt://${hostname}:${port}${query}`;
const copied = ["-re", "-f", "aac", "-i", "pipe:0", "-c", "copy"];

const queries = {
  "the short form": "?streamid=publish:demo",
  "a plain name": "?streamid=demo",
  "the access control form": "?streamid=#!::r=demo,m=publish,u=dj",
  "the access control form as a URL has it": "?streamid=%23!::r=demo,m=publish,u=dj",
};
for (const [form, query] of Object.entries(queries)) {
  Deno.test(`FFmpeg's access units arrive byte for byte by ${form}`, async () => {
    await using fixture = await SrtFixture.start();
    await using ffmpeg = Encoder.ffmpeg(urlOf(fixture.shared, query), ...copied);
    await ffmpeg.feed(adts);
    const frames = await fixture.frames("demo", 40);
    assert.deepEqual(frames.slice(0, 40), sent.slice(0, 40));
    const { configs, silent } = fixture.broadcast("demo");
    assert.equal(configs[0]?.sampleRate, 48000);
    assert.deepEqual([configs.length, silent], [1, 0]);
  });
}

Deno.test("FFmpeg publishes to a session's own port, with video beside", async () => {
  await using fixture = await SrtFixture.start();
  const { port } = fixture.reserve("demo");
  const input = { seconds: 30 };
  const args = ["-re", ...picture, "-re", ...source(input), ...video, ...coder(input)];
  await using _ = Encoder.ffmpeg(urlOf(port), ...args);
  await fixture.frames("demo", 40);
  const [publisher] = fixture.server.publishers;
  assert.equal(publisher?.admitted, true);
  assert.equal(fixture.sessions.find("demo")?.quality.bad_count, 0);
});

Deno.test("FFmpeg publishes LATM", async () => {
  await using fixture = await SrtFixture.start();
  const input = { seconds: 30 };
  const args = ["-re", ...source(input), ...coder(input), "-mpegts_flags", "latm"];
  await using _ = Encoder.ffmpeg(urlOf(fixture.shared, "?streamid=demo"), ...args);
  await fixture.frames("demo", 20);
  const [config] = fixture.broadcast("demo").configs;
  assert.equal(config?.codec === "aac" && config.objectType, 2);
});

Deno.test("FFmpeg is shut out where it publishes no audio that Echo takes, or asks for a stream", async () => {
  await using fixture = await SrtFixture.start();
  const flood = [
    "-stream_loop",
    "-1",
    ...picture,
    "-c:v",
    "mpeg2video",
    "-b:v",
    "50M",
    "-q:v",
    "1",
  ];
  await using silent = Encoder.ffmpeg(urlOf(fixture.shared, "?streamid=demo"), ...flood);
  await fixture.ended(/unsupported audio: MPEG-TS with MPEG-2 video; AAC or MP3 is needed/);
  assert.notEqual(await silent.ended(), "");
  const asking = ["-v", "error", "-i", urlOf(fixture.shared, "?streamid=#!::r=demo,m=request")];
  await using player = new Encoder("ffmpeg", [...asking, "-f", "null", "-"]);
  assert.notEqual(await player.ended(), "");
  await fixture.refused(/expected m=publish, got m=request/);
});

Deno.test("srt-live-transmit publishes a transport stream", async () => {
  await using fixture = await SrtFixture.start();
  const ts = await encode({ seconds: 1.5, format: "mpegts" });
  const args = ["-q", "file://con", urlOf(fixture.shared, "?streamid=demo&mode=caller")];
  await using program = new Encoder("srt-live-transmit", args);
  await until("it is there", () => fixture.sessions.find("demo") !== undefined);
  // What it is fed before it is connected it throws away.
  const { frames } = fixture.broadcast("demo");
  await until("it is on air", async () => {
    await program.feed(ts);
    return frames.length > 100;
  });
  const [publisher] = fixture.server.publishers;
  assert.equal(publisher?.admitted, true);
});
