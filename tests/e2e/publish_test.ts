/** The forms of an RTMP address that put a broadcast on air. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { until } from "../../testing/until.ts";
import { reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media, probe } from "../../testing/e2e/ffmpeg_encoder.ts";
import { GStreamerEncoder } from "../../testing/e2e/gstreamer_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";

scenario(
  "both forms of RTMP address are on air, as one audio stream and nothing else",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 30 });
    await using server = await EchoServer.start();
    await using _tutorial = new Encoder(clip, server.rtmpUrl("live/demo"));
    await using _own = new Encoder(clip, server.rtmpUrl("other/anykey"));
    await together(["demo", "other"], async (name) => {
      await using follower = new BothFormsFollower(server.playlistUrl(name));
      await until("players start", () => (follower.playlist?.segments.length ?? 0) >= 4);
      assert.deepEqual(await probe(follower.url), [
        { codec_name: "aac", codec_type: "audio", sample_rate: "44100", channels: 2 },
      ]);
    });
  },
);

scenario("the addresses that users of other servers have are on air", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 30 });
  await using server = await EchoServer.start();
  await using djs = new AsyncDisposableStack();
  const forms: Record<string, string> = {
    "one": server.rtmpUrl("live/one/any"),
    "two": server.rtmpUrl("/live/two"),
    "three": server.rtmpUrl("live//three"),
    "four": server.rtmpUrl("app1/four"),
    "five": server.rtmpUrl("publish/five"),
    "six": sharedUrl(server, "#!::r=live/six,m=publish"),
    "seven": sharedUrl(server, "publish/seven"),
    "eight": sharedUrl(server, "/eight"),
  };
  for (const url of Object.values(forms)) djs.use(new Encoder(clip, url));
  await together(Object.keys(forms), async (name) => {
    await using follower = new BothFormsFollower(server.playlistUrl(name));
    await until(`${name} is on air`, () => follower.playlist);
  });
});

/** Behind the server, with a key. */
const RTMP_FORMS = [
  ...["live/NAME?key=KEY", "NAME/KEY", "live/NAME/KEY", "live/NAME/?key=KEY"],
  ...["app/NAME?key=KEY", "app/NAME/KEY"],
];
/** GStreamer takes no address without a stream key. */
const RTMP_FORM_WITHOUT_STREAM_KEY = "NAME?key=KEY";
const STREAM_IDS = [
  ...["publish:NAME:anna:KEY", "publish:NAME::KEY", "#!::r=NAME,m=publish,s=KEY", "NAME?key=KEY"],
  ...["live/NAME?key=KEY", "publish/NAME?key=KEY", "/NAME?key=KEY"],
];

scenario("every form of an address takes a key, from FFmpeg and from GStreamer", async () => {
  const token = "the-token-of-the-studio";
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start({
    env: { ECHO_AUTH: "key", ECHO_BEARER_TOKEN: token },
  });
  const forBoth = [
    ...RTMP_FORMS.map((form) => server.rtmpUrl(form)),
    ...STREAM_IDS.map((form) => sharedUrl(server, form)),
  ];
  await using djs = new AsyncDisposableStack();
  const publish = async (form: string, i: number, DJ: typeof Encoder | typeof GStreamerEncoder) => {
    const name = `${DJ.name}-${i}`;
    const authorization = `Bearer ${token}`;
    const options = { protocol: "rtmp", authorization } as const;
    const { key } = await reserve(`127.0.0.1:${server.controlPort}`, name, options);
    djs.use(new DJ(clip, form.replace("NAME", name).replace("KEY", key)));
    await until(`${form} is on air from ${name}`, () => {
      return server.log.some((line) => new RegExp(` ${name}#\\d+ on air by `).test(line));
    });
  };
  const ofFFmpeg = [...forBoth, server.rtmpUrl(RTMP_FORM_WITHOUT_STREAM_KEY)];
  await together(ofFFmpeg.entries(), ([i, form]) => publish(form, i, Encoder));
  await together(forBoth.entries(), ([i, form]) => publish(form, i, GStreamerEncoder));
});
