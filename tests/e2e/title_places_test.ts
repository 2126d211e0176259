/**
 * Where titles are told, by the stream's own time: each within half a second of the frame before which
 * the DJ has told it, by every way out.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { ShowStatus } from "../../src/pages/listener/shows.ts";
import { accessUnits, adtsFrame } from "../../testing/audio/access_units.ts";
import { mp3Frames } from "../../testing/audio/mp3_streams.ts";
import { concat } from "../../testing/bytes.ts";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { ask, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { ScriptedDj } from "../../testing/e2e/scripted_dj.ts";
import { readIcy } from "../../testing/hls/icy_stream.ts";
import { parseAdts } from "../../testing/hls_validator/adts.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import type { LowFollower } from "../../testing/hls_validator/low_follower.ts";
import { parseMpegAudio } from "../../testing/hls_validator/mpeg_audio.ts";
import { ScriptedSource } from "../../testing/icecast/scripted_source.ts";
import { md5 } from "../../testing/mp4/readers.ts";
import { RtmpPublisher } from "../../testing/rtmp/rtmp_publisher.ts";
import { until } from "../../testing/until.ts";

const MOST_MS = 500;
/** How many frames lie between titles: they fall on other places of a second each time. */
const TITLES = [["First", 40], ["Zweites 🎵", 31], ["Third", 53], ["Fourth", 37]] as const;
/** AAC-LC, 44.1 kHz, stereo: ISO/IEC 14496-3 1.6.2.1. */
const ASC = Uint8Array.of(0x12, 0x10);

/** What a DJ sends. */
interface Clip {
  readonly codec: "aac" | "mp3";
  readonly frameMs: number;
  /** As they are in an endless stream … */
  readonly frames: readonly Uint8Array[];
  /** … and as they are compared: raw access units of AAC. */
  readonly units: readonly Uint8Array[];
}

/** A DJ on air. */
interface Show {
  readonly name: string;
  readonly clip: Clip;
  readonly dj: ScriptedDj;
  readonly tell: (title: string) => Promise<void>;
  /** Whether low latency is looked at. */
  readonly isLow: boolean;
}

scenario("a title is told within half a second of its frame, by every way in and out", async () => {
  await using media = await Media.create();
  const aac = await aacClip(media);
  const mp3 = await mp3Clip(media);
  await using server = await EchoServer.start({ env: { ICECAST_ENABLED: "1", HLS_ID3: "1" } });
  await server.line(/Icecast listens on/);
  await using stack = new AsyncDisposableStack();
  const shows = [
    await byIcecast(server, "icecast-aac", aac, stack),
    await byIcecast(server, "icecast-mp3", mp3, stack),
    await byRtmp(server, "rtmp", aac, stack),
    await byControl(server, "control", aac, stack),
  ];
  await together(shows, (show) => check(server, show));
});

/** Tells titles, and finds them in all that listeners get. */
async function check(server: EchoServer, { name, clip, dj, tell, isLow }: Show): Promise<void> {
  const url = server.playlistUrl(name);
  await using both = isLow ? new BothFormsFollower(url) : undefined;
  await using alone = both === undefined ? new PlaylistFollower(url) : undefined;
  const follower = both ?? alone ?? assert.fail();
  const low = both?.low;
  await until(`${name} is on air`, () => follower.segments.size > 1);
  const folder = url.slice(0, url.lastIndexOf("/"));
  await using stream = await CapturedIcy.open(`${folder}/stream.${clip.codec}`);
  await using mount = await CapturedIcy.open(`http://127.0.0.1:${server.icecastPort}/${name}`);

  const places = new Map<string, number>();
  for (const [title, gap] of TITLES) {
    const place = await dj.between(() => tell(title));
    places.set(title, place);
    await until(`${name} goes on`, () => dj.sent >= place + gap);
  }
  const last = dj.sent;
  const lastUnit = clip.units[last] ?? assert.fail();
  const ranges = new Map<string, number>();
  await until(`${name} is heard up to frame ${last}`, () => {
    for (const { title = "", startMs } of low?.playlist?.dateRanges ?? []) {
      ranges.set(title, startMs);
    }
    return follower.accessUnits.some((unit) => Buffer.compare(unit, lastUnit) === 0) &&
      (low === undefined || low.hashes.includes(md5(lastUnit))) &&
      [stream, mount].every(({ bytes }) => audioUpTo(clip, last, bytes) !== undefined);
  });

  const listed = timesOf(clip, follower);
  const ways = {
    "ICY": icyTimes(clip, stream, last),
    "ICY of the mount": icyTimes(clip, mount, last),
    "ID3 in MPEG-TS": id3Times(clip, follower),
    "status.json": { titles: await statusTitles(folder), units: listed },
    ...low !== undefined && {
      "EXT-X-DATERANGE": { titles: [...ranges], units: lowTimesOf(clip, low) },
      "emsg": {
        titles: low.titles.map(({ texts: [title = ""], atMs }) => [title, atMs] as const),
        units: lowTimesOf(clip, low),
      },
    },
  };
  for (const [way, told] of Object.entries(ways)) {
    const offs = [...places].map(([title, place]) => offMs(clip, told, { title, place }));
    console.log(`${name}, ${way}: ${offs.map(Math.round).join(", ")} ms off`);
    for (const off of offs) assert.ok(Math.abs(off) <= MOST_MS, `${way} of ${name}: ${off} ms`);
  }
}

/** What one way out tells, by its own time: from where that counts is the same for both. */
interface Told {
  /** The first time of a title counts: it is told again. */
  readonly titles: readonly (readonly [title: string, ms: number])[];
  /** The MD5 of what is heard, and when. */
  readonly units: ReadonlyMap<string, number>;
}

/**
 * How far behind its place a title is told, or how far ahead. It came in between the frame `place` and
 * the one before; where the DJ was late with it, silence lies between these.
 */
function offMs(
  { units, frameMs }: Clip,
  told: Told,
  { title, place }: { readonly title: string; readonly place: number },
): number {
  const timeOf = (frame: number) => {
    const time = told.units.get(md5(units[frame] ?? assert.fail()));
    return time ?? assert.fail(`frame ${frame} is not heard`);
  };
  const [, at] = told.titles.find(([text]) => text === title) ??
    assert.fail(`${title} is not told`);
  const [from, to] = [timeOf(place - 1) + frameMs, timeOf(place)];
  return at < from ? at - from : Math.max(0, at - to);
}

/** Titles by where their blocks stand between the bytes. */
function icyTimes(clip: Clip, { bytes, interval }: CapturedIcy, last: number): Told {
  const audio = audioUpTo(clip, last, bytes) ?? assert.fail();
  const frames = clip.codec === "aac" ? parseAdts(audio) : parseMpegAudio(audio);
  const headerBytes = clip.codec === "aac" ? 7 : 0;
  const units = new Map<string, number>();
  const titles: [string, number][] = [];
  let waiting = readIcy(bytes.raw, interval).titles;
  let start = 0;
  for (const [i, { data }] of frames.entries()) {
    const length = headerBytes + data.length;
    units.set(md5(data), i * clip.frameMs);
    for (const { title, position } of waiting.filter(({ position }) => position < start + length)) {
      titles.push([title, (i + (position - start) / length) * clip.frameMs]);
    }
    waiting = waiting.filter(({ position }) => position >= start + length);
    start += length;
  }
  return { titles, units };
}

/** Titles by the PTS of their tags and those of the frames. */
function id3Times({ frameMs }: Clip, { segments }: Pick<PlaylistFollower, "segments">): Told {
  const units = new Map<string, number>();
  const titles: [string, number][] = [];
  let startMs = 0;
  for (const segment of segments.values()) {
    for (const { texts: [title = ""], seconds } of segment.titles) {
      titles.push([title, startMs + 1000 * seconds]);
    }
    for (const [i, { data }] of segment.frames.entries()) {
      units.set(md5(data), startMs + i * frameMs);
    }
    startMs += segment.frames.length * frameMs;
  }
  return { titles, units };
}

async function statusTitles(folder: string): Promise<Told["titles"]> {
  const { titles = [] }: ShowStatus = await (await fetch(`${folder}/status.json`)).json();
  return titles.map(({ title, at }) => [title ?? "", Date.parse(at)]);
}

/** When each frame is heard by EXT-X-PROGRAM-DATE-TIME. */
function timesOf(
  { frameMs }: Clip,
  { segments }: Pick<PlaylistFollower, "segments">,
): Told["units"] {
  return new Map([...segments.values()].flatMap(({ listed, frames }) => {
    const startMs = listed.programDateTime ?? NaN;
    return frames.map(({ data }, i) => [md5(data), startMs + i * frameMs] as const);
  }));
}

/** The same in low latency. */
function lowTimesOf({ frameMs }: Clip, { segments }: Pick<LowFollower, "segments">): Told["units"] {
  return new Map([...segments.values()].flatMap(([seen]) => {
    if (seen === undefined) return [];
    const startMs = Date.parse(seen.listed.programDateTime);
    return seen.hashes.map((hash, i) => [hash, startMs + i * frameMs] as const);
  }));
}

/** What came of an endless stream with titles, taken apart. */
interface IcyBytes {
  readonly raw: Uint8Array;
  readonly audio: Uint8Array;
}

/** The audio up to the end of the frame `last`; `undefined` where that has not come. */
function audioUpTo({ frames }: Clip, last: number, { audio }: IcyBytes): Uint8Array | undefined {
  const frame = frames[last] ?? assert.fail();
  const at = Buffer.from(audio.buffer, audio.byteOffset, audio.length).indexOf(frame);
  return at === -1 ? undefined : audio.subarray(0, at + frame.length);
}

/** An endless stream with titles that is being received. */
class CapturedIcy implements AsyncDisposable {
  readonly interval: number;
  readonly #parts: Uint8Array[] = [];
  readonly #enough: AbortController;
  readonly #receiving: Promise<void>;

  private constructor(response: Response, enough: AbortController) {
    this.interval = Number(response.headers.get("icy-metaint"));
    this.#enough = enough;
    this.#receiving = this.#receive(response);
  }

  static async open(url: string): Promise<CapturedIcy> {
    const enough = new AbortController();
    const headers = { "Icy-MetaData": "1" };
    const response = await fetch(url, { headers, signal: enough.signal });
    assert.equal(response.status, 200, url);
    return new CapturedIcy(response, enough);
  }

  get bytes(): IcyBytes {
    const raw = concat(this.#parts);
    return { raw, audio: readIcy(raw, this.interval).audio };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#enough.abort();
    await this.#receiving;
  }

  async #receive(response: Response): Promise<void> {
    try {
      for await (const part of response.body ?? []) this.#parts.push(part);
    } catch (error) {
      if (!this.#enough.signal.aborted) throw error;
    }
  }
}

async function byIcecast(
  { icecastPort: port }: EchoServer,
  name: string,
  clip: Clip,
  stack: AsyncDisposableStack,
): Promise<Show> {
  const type = clip.codec === "aac" ? "audio/aac" : "audio/mpeg";
  const source = await ScriptedSource.publish({ port, name, password: "sesame" }, type);
  stack.defer(() => source.close());
  const dj = stack.use(new ScriptedDj({ ...clip, send: (frame) => source.send(frame) }));
  return { name, clip, dj, tell: (title) => source.tell(title), isLow: clip.codec === "aac" };
}

/** The encoder itself tells its titles. */
async function byRtmp(
  server: EchoServer,
  name: string,
  clip: Clip,
  stack: AsyncDisposableStack,
): Promise<Show> {
  const { publisher, dj } = await publish(server, ["live", name], clip, stack);
  return {
    ...{ name, clip, dj, isLow: false },
    tell: (title) => publisher.send(publisher.messages.metadata({ title })),
  };
}

/** A client of the control API tells them. */
async function byControl(
  server: EchoServer,
  name: string,
  clip: Clip,
  stack: AsyncDisposableStack,
): Promise<Show> {
  const control = `127.0.0.1:${server.controlPort}`;
  const { key, cookie: headers } = await reserve(control, name, { protocol: "rtmp" });
  const { publisher, dj } = await publish(server, [name, key], clip, stack);
  const tell = async (title: string) => {
    await until("the server has read what was sent", () => publisher.unreadBytes === 0);
    const request = { method: "PUT", path: "metadata", body: { title }, headers };
    assert.equal((await ask(control, request)).status, 200);
  };
  return { name, clip, dj, tell, isLow: false };
}

async function publish(
  { host: hostname, rtmpPort: port }: EchoServer,
  [app, streamName]: readonly [string, string],
  { units: frames, frameMs }: Clip,
  stack: AsyncDisposableStack,
): Promise<{ readonly publisher: RtmpPublisher; readonly dj: ScriptedDj }> {
  const publisher = await RtmpPublisher.connect({ hostname, port, app });
  stack.defer(() => publisher.vanish());
  await publisher.publish(streamName);
  await publisher.sendConfig(ASC);
  const send = (frame: Uint8Array, number: number) => {
    return publisher.sendFrame(frame, Math.round(number * frameMs));
  };
  return { publisher, dj: stack.use(new ScriptedDj({ frames, frameMs, send })) };
}

async function aacClip(media: Media): Promise<Clip> {
  const file = await media.encode("clip", { seconds: 60 });
  const { config, frames: units } = accessUnits(await Deno.readFile(file));
  const frames = units.map((unit) => adtsFrame(config, unit));
  return { codec: "aac", frameMs: 1024 / 44.1, frames, units };
}

async function mp3Clip(media: Media): Promise<Clip> {
  const tones = "aevalsrc=0.2*sin(900*t*(1+t/20))|0.2*sin(1300*t*(1+t/20)):s=44100:d=60";
  const file = await media.encodeMp3("clip", ["-f", "lavfi", "-i", tones], { bitrate: "128k" });
  const { frames } = mp3Frames(await Deno.readFile(file));
  return { codec: "mp3", frameMs: 1152 / 44.1, frames, units: frames };
}
