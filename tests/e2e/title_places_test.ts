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
async function check(server: EchoServer, { name, clip, dj, tell }: Show): Promise<void> {
  const { codec, units } = clip;
  const url = server.playlistUrl(name);
  await using both = codec === "aac" ? new BothFormsFollower(url) : undefined;
  await using alone = both === undefined ? new PlaylistFollower(url) : undefined;
  const follower = both ?? alone ?? assert.fail();
  await until(`${name} is on air`, () => follower.segments.size > 1);
  const folder = url.slice(0, url.lastIndexOf("/"));
  await using stream = await CapturedIcy.open(`${folder}/stream.${codec}`);
  await using mount = await CapturedIcy.open(`http://127.0.0.1:${server.icecastPort}/${name}`);

  const places = new Map<string, number>();
  for (const [title, gap] of TITLES) {
    const place = await dj.between(() => tell(title));
    places.set(title, place);
    await until(`${name} goes on`, () => dj.sent >= place + gap);
  }
  const last = dj.sent;
  const lastUnit = units[last] ?? assert.fail();
  const low = both?.low;
  const listedTitles = new Map<string, number>();
  await until(`${name} is heard up to frame ${last}`, () => {
    for (const { title = "", startMs } of low?.playlist?.dateRanges ?? []) {
      listedTitles.set(title, startMs);
    }
    return follower.accessUnits.some((unit) => Buffer.compare(unit, lastUnit) === 0) &&
      [stream, mount].every(({ bytes }) => audioUpTo(clip, last, bytes) !== undefined) &&
      (low === undefined || low.hashes.includes(md5(lastUnit)));
  });
  const status: ShowStatus = await (await fetch(`${folder}/status.json`)).json();
  const told = (status.titles ?? []).map(({ title, at }) => [title ?? "", Date.parse(at)] as const);

  const ways: Record<string, (title: string, place: number) => number> = {
    "ICY": (title, place) => icyOffMs(clip, stream, { title, place, last }),
    "ICY of the mount": (title, place) => icyOffMs(clip, mount, { title, place, last }),
    "ID3 in MPEG-TS": (title, place) => id3OffMs(clip, follower, { title, place }),
    "status.json": (title, place) => {
      const times = [...follower.segments.values()].map(({ listed, frames }) => ({
        wallMs: listed.programDateTime,
        hashes: frames.map(({ data }) => md5(data)),
      }));
      return timeOf(told, title) - wallMsOf(clip, times, place);
    },
    ...low !== undefined && {
      "EXT-X-DATERANGE": (title, place) => {
        return timeOf(listedTitles, title) - wallMsOf(clip, lowTimes(low), place);
      },
      "emsg": (title, place) => {
        const times = low.titles.map(({ texts: [title = ""], atMs }) => [title, atMs] as const);
        return timeOf(times, title) - wallMsOf(clip, lowTimes(low), place);
      },
    },
  };
  for (const [way, offMs] of Object.entries(ways)) {
    const offs = [...places].map(([title, place]) => Math.round(offMs(title, place)));
    console.log(`${name}, ${way}: ${offs.join(", ")} ms behind the frame`);
    for (const off of offs) assert.ok(Math.abs(off) <= MOST_MS, `${way} of ${name}: ${off} ms`);
  }
}

/** Where a title is expected: before the frame `place` that the DJ has sent. */
interface Expected {
  readonly title: string;
  readonly place: number;
}

/** How far behind its frame a title stands between the bytes of an endless stream. */
function icyOffMs(
  clip: Clip,
  { bytes, interval }: CapturedIcy,
  { title, place, last }: Expected & { readonly last: number },
): number {
  const audio = audioUpTo(clip, last, bytes) ?? assert.fail();
  const units = clip.codec === "aac" ? parseAdts(audio) : parseMpegAudio(audio);
  const headerBytes = clip.codec === "aac" ? 7 : 0;
  const { position } = readIcy(bytes.raw, interval).titles.find((it) => it.title === title) ??
    assert.fail(`${title} is not told`);
  let start = 0;
  let at = NaN;
  for (const [i, { data }] of units.entries()) {
    const length = headerBytes + data.length;
    if (position >= start && position < start + length) at = i + (position - start) / length;
    start += length;
  }
  const expected = indexOf(units.map(({ data }) => md5(data)), clip, place);
  return (at - expected) * clip.frameMs;
}

/** The same by the PTS of the tag and that of the frame. */
function id3OffMs(
  clip: Clip,
  { segments }: Pick<PlaylistFollower, "segments">,
  { title, place }: Expected,
): number {
  let frames = 0;
  let at = NaN;
  const hashes: string[] = [];
  for (const segment of segments.values()) {
    const found = segment.titles.find(({ texts: [text] }) => text === title);
    // It is told again later.
    if (found !== undefined && Number.isNaN(at)) at = frames + found.seconds * 1000 / clip.frameMs;
    frames += segment.frames.length;
    hashes.push(...segment.frames.map(({ data }) => md5(data)));
  }
  return (at - indexOf(hashes, clip, place)) * clip.frameMs;
}

/** A segment: when a playlist says that it begins, and the MD5 of each of its frames. */
interface SegmentTime {
  readonly wallMs: number | undefined;
  readonly hashes: readonly string[];
}

function lowTimes({ segments }: Pick<LowFollower, "segments">): SegmentTime[] {
  return [...segments.values()].flatMap(([seen]) => {
    if (seen === undefined) return [];
    return [{ wallMs: Date.parse(seen.listed.programDateTime), hashes: seen.hashes }];
  });
}

/** When a frame is heard by EXT-X-PROGRAM-DATE-TIME. */
function wallMsOf({ units, frameMs }: Clip, times: readonly SegmentTime[], place: number): number {
  const hash = md5(units[place] ?? assert.fail());
  const segment = times.find(({ hashes }) => hashes.includes(hash)) ?? assert.fail();
  return (segment.wallMs ?? NaN) + segment.hashes.indexOf(hash) * frameMs;
}

/** @param times the first one of a title counts */
function timeOf(times: Iterable<readonly [title: string, ms: number]>, title: string): number {
  const [, ms] = [...times].find(([text]) => text === title) ?? assert.fail(`${title} is not told`);
  return ms;
}

function indexOf(hashes: readonly string[], { units }: Clip, place: number): number {
  const index = hashes.indexOf(md5(units[place] ?? assert.fail()));
  assert.notEqual(index, -1, `frame ${place} is not heard`);
  return index;
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
  return { name, clip, dj, tell: (title) => source.tell(title) };
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
    ...{ name, clip, dj },
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
  const { dj } = await publish(server, [name, key], clip, stack);
  const tell = async (title: string) => {
    const request = { method: "PUT", path: "metadata", body: { title }, headers };
    assert.equal((await ask(control, request)).status, 200);
  };
  return { name, clip, dj, tell };
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
