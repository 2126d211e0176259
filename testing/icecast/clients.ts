/**
 * Has the source clients of Debian publish that the tests do not, and prints what came of each:
 * `deno task test:icecast-clients [NAME …]`. A client that is not installed is left out. MPD needs `mpc`
 * as well; BUTT and DarkIce need `pulseaudio`, `pulseaudio-utils`, `libasound2-plugins` and `xvfb`. Exits
 * with 1 where what is heard by HLS or in the endless stream, or recorded, is not what was sent.
 */
import { assertConnections } from "../e2e/audio_sent.ts";
import { EchoServer } from "../e2e/echo_server.ts";
import { Media, packetsOf } from "../e2e/ffmpeg_encoder.ts";
import { PlaylistFollower } from "../hls_validator/follower.ts";
import { Child } from "../child.ts";
import { md5 } from "../mp4/readers.ts";
import { until } from "../until.ts";
import { type Client, type ClientRun, CLIENTS } from "./client_programs.ts";
import { assertReceived, type CapturedStream, captureStream } from "./captured_stream.ts";
import { RecordingRelay } from "./recording_relay.ts";

const SEGMENTS = 5;
const PASSWORD = "sesame";
const HEARD_WITHIN_MS = 40_000;

/** What came of a client, in words. */
interface Outcome {
  readonly held: boolean;
  readonly words: string;
}

async function tryOut(name: string, client: Client, mp3: string): Promise<Outcome> {
  await using media = await Media.create();
  await using server = await EchoServer.start({
    env: { ICECAST_ENABLED: "1" },
    expectedErrors: [/./],
  });
  const relay = new RecordingRelay(server.icecastPort);
  const folder = await Deno.makeTempDir({ prefix: "icecast-client-" });
  try {
    const place = { port: relay.port, name, password: PASSWORD };
    const run: ClientRun = { ...place, mp3, folder };
    const heard: string[] = [];
    const streamUrl = `http://127.0.0.1:${server.hlsPort}/cast/${name}/stream.mp3`;
    let stream: CapturedStream | undefined;
    const received = await withClient(client, run, async (child) => {
      if (client.refusal !== undefined) {
        await until("it is refused", () => server.log.some((line) => client.refusal?.test(line)));
        return undefined;
      }
      await using follower = new PlaylistFollower(server.playlistUrl(name));
      await until(`${name} is heard`, () => {
        if (!child.running) throw new Error(`it ended:\n${child.output}`);
        if (follower.segments.size > 0) stream ??= captureStream(streamUrl);
        return follower.segments.size >= SEGMENTS;
      }, HEARD_WITHIN_MS);
      heard.push(...follower.accessUnits.map(md5));
      return await stream?.end();
    });
    const title = server.log.findLast((line) => line.includes(` ${name}#`) && /plays/.test(line));
    await server.stop("SIGTERM");
    if (client.refusal !== undefined) return { held: true, words: "refused with 415" };
    const sent: string[][] = [];
    // MPD connects to see whether it can, before it sends.
    for (const body of relay.bodies.filter(({ length }) => length > 0)) {
      sent.push(await packetsOf(await media.keep(name, body)));
    }
    const live = assertConnections(heard, sent, "HLS");
    const recording = `${server.folder}/output/record/${name}.mp4`;
    const recorded = assertConnections(await packetsOf(recording), sent, "MP4");
    if (received === undefined) throw new Error("there was no endless stream");
    assertReceived(await packetsOf(await media.keep("stream", received)), sent.flat());
    const told = title === undefined ? "" : `; ${title.replace(/^.*plays/, "plays")}`;
    return { held: true, words: `${live.counts} heard, ${recorded.counts} recorded${told}` };
  } catch (error) {
    return { held: false, words: wordsOf(error) };
  } finally {
    await relay[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof SuppressedError) {
    return `${wordsOf(error.suppressed)}; ${wordsOf(error.error)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

async function withClient<T>(
  client: Client,
  run: ClientRun,
  body: (child: Child) => Promise<T>,
): Promise<T> {
  for (const [file, text] of Object.entries(client.files?.(run) ?? {})) {
    await Deno.writeTextFile(`${run.folder}/${file}`, text, { mode: 0o600 });
  }
  const [program = "", ...args] = client.command(run);
  const env = { HOME: run.folder, XDG_RUNTIME_DIR: run.folder, ...client.env?.(run) };
  await using child = new Child(program, args, { env, cwd: run.folder });
  try {
    return await body(child);
  } finally {
    // A shell ends by that what it has started.
    if (child.running) await child.stop("SIGTERM");
  }
}

async function isInstalled(program: string): Promise<boolean> {
  await using which = new Child("sh", ["-c", `command -v ${program}`]);
  return (await which.end()).code === 0;
}

async function main(names: readonly string[]): Promise<number> {
  await using media = await Media.create();
  const tones = "aevalsrc=0.2*sin(900*t*(1+t/20))|0.2*sin(1300*t):d=120";
  const mp3 = await media.encodeMp3("clip", ["-f", "lavfi", "-i", tones], {
    rate: 44_100,
    bitrate: "128k",
  });
  let failures = 0;
  for (const [name, client] of Object.entries(CLIENTS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    if (!await isInstalled(client.program)) {
      console.log(`skipped   ${name.padEnd(10)} ${client.program} is not installed`);
      continue;
    }
    const { held, words } = await tryOut(name, client, mp3);
    if (!held) failures++;
    console.log(`${(held ? "held" : "NOT HELD").padEnd(9)} ${name.padEnd(10)} ${words}`);
  }
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
