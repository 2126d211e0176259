/** Clips of recordings, of running shows and of finished ones. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { decoderWarnings, Encoder, Media, sample } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { accessUnits, type AdtsFrame } from "../../testing/hls_validator/adts.ts";
import { until } from "../../testing/until.ts";

/** Puts no silence in where this machine is busy. */
const PATIENT = { HLS_TARGET_DURATION: "8" };

/** A recording as the list tells of it. */
interface Recorded {
  readonly file: string;
  readonly name: string;
  readonly state: string;
  readonly duration: number | null;
}

scenario(
  "a clip of a running and of a finished show has exactly the frames between, and decodes",
  async () => {
    await using media = await Media.create();
    const files = {
      lc: await media.encode("lc", { seconds: 18, sampleRate: 48_000 }),
      surround: await media.encode("surround", { seconds: 18, layout: "5.1", bitrate: "256k" }),
      he: sample("he-aac-v1_44100_stereo_64k.aac"),
      hev2: sample("he-aac-v2_44100_stereo_32k.aac"),
    };
    await using server = await EchoServer.start({ env: PATIENT });
    const url = `http://127.0.0.1:${server.statPort}/stat/1/recordings`;
    await together(Object.entries(files), async ([name, file]) => {
      await using encoder = new Encoder(file, server.rtmpUrl(`live/${name}`));
      const sent = await media.readFrames(file);
      const seconds = (sent.length * 1024) / (sent[0]?.sampleRate ?? NaN);
      const times = seconds > 15 ? { from: 4.5, to: 13 } : { from: 0.7, to: seconds * 0.6 };
      const live = await until(`enough of ${name} is recorded`, async () => {
        const list = await (await fetch(url)).json() as Recorded[];
        return list.find((one) => {
          return one.name === name && one.state === "live" && (one.duration ?? 0) > times.to + 0.1;
        });
      });
      await assertClip(`${url}/${live.file}`, sent, times);
      await encoder.end();
      await until(`${name} is finished`, async () => {
        const response = await fetch(`${url}/${name}.mp4`, { method: "HEAD" });
        return response.status === 200;
      });
      await assertClip(`${url}/${name}.mp4`, sent, times);
    });

    async function assertClip(
      recording: string,
      sent: readonly AdtsFrame[],
      { from, to }: { readonly from: number; readonly to: number },
    ): Promise<void> {
      const response = await fetch(`${recording}/clip.mp4?from=${from}&to=${to}`);
      assert.equal(response.status, 200, recording);
      const clip = await Deno.makeTempFile({ dir: server.folder, suffix: ".mp4" });
      await Deno.writeFile(clip, await response.bytes());
      const rate = sent[0]?.sampleRate ?? NaN;
      const expected = sent.filter((_, i) => i * 1024 / rate >= from && i * 1024 / rate < to);
      assert.deepEqual(accessUnits(await media.readFrames(clip)), accessUnits(expected), clip);
      assert.deepEqual(await decoderWarnings(clip), [], clip);
    }
  },
);
