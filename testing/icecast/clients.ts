/**
 * Has the source clients of Debian publish that the tests do not, by Icecast and by Shoutcast, in MP3
 * and in AAC, and prints what came of each: `deno task test:icecast-clients [NAME …]`. A client that is
 * not installed is left out. MPD needs `mpc` as well; BUTT and DarkIce need `pulseaudio`,
 * `pulseaudio-utils`, `libasound2-plugins` and `xvfb`. Exits with 1 where what is heard by HLS or in the
 * endless stream, or recorded, is not what was sent, and where a build of Debian can do what it is said
 * not to.
 */
import { assertConnections } from "../e2e/audio_sent.ts";
import { EchoServer } from "../e2e/echo_server.ts";
import { Media, packetsOf } from "../e2e/ffmpeg_encoder.ts";
import { PlaylistFollower } from "../hls_validator/follower.ts";
import { Child } from "../child.ts";
import { md5 } from "../mp4/readers.ts";
import { until } from "../until.ts";
import type { Client, ClientRun } from "./client.ts";
import { CLIENTS } from "./client_programs.ts";
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
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "icecast-client-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  try {
    const words = client.unable === undefined
      ? await listenTo(name, client, { mp3, folder })
      : await hearWhy(client, client.unable, { name, password: PASSWORD, port: 1, mp3, folder });
    return { held: true, words };
  } catch (error) {
    return { held: false, words: wordsOf(error) };
  }
}

/** What a program says that cannot do what it is told. @throws where it does not say it */
async function hearWhy(client: Client, why: RegExp, run: ClientRun): Promise<string> {
  return await withClient(client, run, async (child) => {
    await until("it says why", () => {
      if (child.running || why.test(child.output)) return why.test(child.output);
      throw new Error(`it ended:\n${child.output}`);
    }, HEARD_WITHIN_MS);
    const line = child.lines.find((line) => why.test(line)) ?? "";
    return `Debian's build cannot: ${line.trim()}`;
  });
}

/** Has it publish, and compares. @throws where something is not what was sent */
async function listenTo(
  name: string,
  client: Client,
  { mp3, folder }: Pick<ClientRun, "mp3" | "folder">,
): Promise<string> {
  const { codec = "mp3", isShoutcast = false } = client;
  await using media = await Media.create();
  await using server = await EchoServer.start({
    env: { ICECAST_ENABLED: "1", SHOUTCAST_ENABLED: isShoutcast ? "1" : "0" },
    expectedErrors: [/./],
  });
  await using stack = new AsyncDisposableStack();
  const { port, bodies } = relayTo(server.icecastPort, isShoutcast, stack);
  const password = isShoutcast ? `${name}:${PASSWORD}` : PASSWORD;
  const run: ClientRun = { port, name, password, mp3, folder };
  const heard: string[] = [];
  const streamUrl = `http://127.0.0.1:${server.hlsPort}/cast/${name}/stream.${codec}`;
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
  const refused = server.log.find((line) => client.refusal?.test(line));
  if (refused !== undefined) return `refused: ${refused.replace(/^.*ended: /, "")}`;
  const title = server.log.findLast((line) => line.includes(` ${name}#`) && /plays/.test(line));
  await server.stop("SIGTERM");
  const unitsOf = async (file: string) => {
    if (codec === "mp3") return await packetsOf(file);
    return (await media.readFrames(file)).map(({ data }) => md5(data));
  };
  const sent: string[][] = [];
  // MPD connects to see whether it can, before it sends.
  for (const body of bodies().filter(({ length }) => length > 0)) {
    sent.push(await unitsOf(await media.keep(name, body)));
  }
  const live = assertConnections(heard, sent, "HLS");
  const recording = `${server.folder}/output/record/${name}.mp4`;
  const recorded = assertConnections(await unitsOf(recording), sent, "MP4");
  if (received === undefined) throw new Error("there was no endless stream");
  assertReceived(await unitsOf(await media.keep("stream", received)), sent.flat());
  const told = title === undefined ? "" : `; ${title.replace(/^.*plays/, "plays")}`;
  return `${codec}: ${live.counts} frames heard, ${recorded.counts} recorded${told}`;
}

/**
 * Where a client is to send, and what came there. Sources of Shoutcast send to the port behind that to
 * which they tell titles.
 */
function relayTo(
  port: number,
  isShoutcast: boolean,
  stack: AsyncDisposableStack,
): { readonly port: number; readonly bodies: () => readonly Uint8Array[] } {
  const relay = stack.use(new RecordingRelay(port));
  if (!isShoutcast) return { port: relay.port, bodies: () => relay.bodies };
  try {
    const next = stack.use(new RecordingRelay(port + 1, relay.port + 1));
    return { port: relay.port, bodies: () => next.bodies };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return relayTo(port, isShoutcast, stack);
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
      console.log(`skipped   ${name.padEnd(25)} ${client.program} is not installed`);
      continue;
    }
    const { held, words } = await tryOut(name, client, mp3);
    if (!held) failures++;
    console.log(`${(held ? "held" : "NOT HELD").padEnd(9)} ${name.padEnd(25)} ${words}`);
  }
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
