/** Every access unit that goes in by SRT comes out by HLS unchanged, from each kind of sender. */
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { assertSent, toHex } from "../../testing/e2e/audio_sent.ts";
import { until } from "../../testing/until.ts";
import { reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import {
  buildSampleClients,
  LiveTransmit,
  SampleSender,
  sessionIds,
  sharedPort,
  sharedUrl,
} from "../../testing/e2e/srt_senders.ts";

const PASSPHRASE = "correct-horse-battery";
/** How much of each broadcast is compared. */
const SEGMENTS = 8;

scenario("whatever sends by SRT, access units come out as they went in", async () => {
  await buildSampleClients();
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const sent = toHex((await media.readFrames(clip)).map(({ data }) => data));
  await using open = await EchoServer.start();
  await using encrypted = await EchoServer.start({ env: { ECHO_SRT_PASSPHRASE: PASSPHRASE } });
  const { srtPort = 0 } = await reserve(`127.0.0.1:${open.controlPort}`, "own-port", {
    protocol: "srt",
  });

  const passphrase = `&passphrase=${PASSPHRASE}`;
  const broadcasts: Record<string, { server?: EchoServer; start: () => Sender }> = {
    "ffmpeg-short": { start: () => new Encoder(clip, sharedUrl(open, "publish:ffmpeg-short")) },
    "ffmpeg-access-control": {
      start: () => new Encoder(clip, sharedUrl(open, "#!::r=ffmpeg-access-control,m=publish")),
    },
    "live-transmit": {
      start: () =>
        LiveTransmit.start(
          clip,
          sharedUrl(open, "publish:live-transmit"),
          () => sessionIds(open, "live-transmit").length > 0,
        ),
    },
    "adts": { start: () => new SampleSender(clip, sharedPort(open), "publish:adts") },
    "own-port": { start: () => new SampleSender(clip, srtPort) },
    "ffmpeg-encrypted": {
      server: encrypted,
      start: () => new Encoder(clip, sharedUrl(encrypted, "ffmpeg-encrypted") + passphrase),
    },
    "adts-encrypted": {
      server: encrypted,
      start: () => new SampleSender(clip, sharedPort(encrypted), "adts-encrypted", PASSPHRASE),
    },
  };
  await together(Object.entries(broadcasts), async ([name, { server = open, start }]) => {
    await using follower = new BothFormsFollower(server.playlistUrl(name));
    await using _sender = await start();
    await until(`${name} is heard`, () => follower.segments.size >= SEGMENTS);
    assertSent(toHex(follower.accessUnits), sent, name);
  });
});

type Sender = AsyncDisposable | Promise<AsyncDisposable>;
