/**
 * Plays the same broadcasts to the whole server, with time moved by hand, and prints everything that
 * came out of it: playlists in all their versions, digests of segments and recordings, events. Two
 * revisions that print the same do the same.
 *
 * `compare.sh` runs it on two revisions.
 *
 * @module
 */
import { run } from "../audio/ffmpeg.ts";
import { SrtCallers } from "../srt/srt_callers.ts";
import { adtsSteps, FrameCounts, RtmpEncoder, SrtEncoder, transportSteps } from "./encoders.ts";
import { ReplayedServer } from "./replayed_server.ts";
import { readSource, transportUnits } from "./sources.ts";

const CLIP = "scripts/echo-client/clip.aac";
const STEP_MS = 50;

const clip = await readSource(CLIP);
const heAac = await readSource("testing/media/he-aac-v1_44100_stereo_64k.aac");
const second = Math.round(1000 / clip.frameMs);

/** A show by RTMP: loss, late audio, a reconnect, another configuration, a goodbye, a return. */
async function rtmpShow(env: Record<string, string>, label: string): Promise<void> {
  await using server = await ReplayedServer.start({ label, env });
  const counts = new FrameCounts();
  const connect = () => RtmpEncoder.connect(server, counts, "demo", clip);
  server.watch("demo");
  const first = await connect();
  await first.play(8 * second);
  first.skip(700);
  await first.play(2 * second);
  await server.pass(2500, STEP_MS);
  await first.play(3 * second);
  await first.vanish();
  await server.pass(6000, STEP_MS);
  const back = await connect();
  await back.play(3 * second);
  await back.switchTo(heAac);
  await back.play(Math.round(4000 / heAac.frameMs));
  await back.vanish();
  await server.pass(35_000, STEP_MS);
  counts.restart("demo");
  const returned = await connect();
  await returned.play(3 * second);
  await returned.finish();
  await server.pass(12_000, STEP_MS);
  counts.restart("demo");
  const next = await connect();
  await next.play(4 * second);
  await server.stop();
  await next.vanish();
  await server.startAgain();
  counts.restart("demo");
  const restarted = await connect();
  await restarted.play(4 * second);
  await restarted.finish();
  await server.pass(70_000, 1000);
}

/** The two payloads of SRT, one of them reserved by the control API and torn down. */
async function srtShows(): Promise<void> {
  await using server = await ReplayedServer.start({ label: "srt" });
  const callers = new SrtCallers();
  const counts = new FrameCounts();
  try {
    server.watch("ts");
    server.watch("adts");
    const steps = transportSteps(await transportUnits(CLIP));
    const connect = () => SrtEncoder.connect(server, counts, callers, "ts", steps, clip.frameMs);
    const transport = await connect();
    await transport.play(8 * second);
    await transport.vanish();
    await server.pass(3000, STEP_MS);
    await (await connect()).play(4 * second);
    const reason = { code: 1, message: "a reason" };
    const media = { type: "audio", protocol: "srt", format: "aac" };
    const published = await server.control("POST", "/echo/4/publish/adts", { media, reason });
    const cookie = published.headers.get("Set-Cookie")?.split(";")[0];
    await published.body?.cancel();
    const adts = await SrtEncoder.connect(
      server,
      counts,
      callers,
      "adts",
      adtsSteps(clip),
      clip.frameMs,
    );
    await adts.play(8 * second);
    const torn = await server.control("PUT", "/echo/4/teardown", { reason }, cookie);
    await torn.body?.cancel();
    await server.pass(3000, STEP_MS);
  } finally {
    callers.close();
  }
}

/** A folder of preroll: FFmpeg's own segments. */
async function makePreroll(folder: string): Promise<void> {
  const file = new URL(`../../${CLIP}`, import.meta.url).pathname;
  const hls = ["-f", "hls", "-hls_time", "2", "-hls_list_size", "0", `${folder}/live.m3u8`];
  const copy = ["-nostdin", "-i", file, "-t", "4", "-c", "copy", ...hls];
  await run("ffmpeg", copy, undefined, "error");
}

const preroll = await Deno.makeTempDir({ prefix: "echo-replay-preroll-" });
try {
  await makePreroll(preroll);
  await rtmpShow({}, "rtmp");
  await rtmpShow({ HLS_TARGET_DURATION: "4", RECORD_APPEND: "1" }, "rtmp-4s-append");
  await rtmpShow({ HLS_PREROLE_DIR: preroll }, "rtmp-preroll");
  await srtShows();
} finally {
  await Deno.remove(preroll, { recursive: true });
}
Deno.exit(0);
