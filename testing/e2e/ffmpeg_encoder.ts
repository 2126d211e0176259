/** FFmpeg as a DJ: clips, encoders that publish them, and what FFmpeg reads back. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { run } from "../audio/ffmpeg.ts";
import { mp3Coder, type Mp3Encoding } from "../audio/mp3_streams.ts";
import { encodeProgramme, type Programme } from "../audio/programmes.ts";
import { type AdtsFrame, parseAdts } from "../hls_validator/adts.ts";
import { Child } from "../child.ts";

const MEDIA = fileURLToPath(new URL("../media/", import.meta.url));

const RECONNECT_MS = 2000;

/** What FFmpeg can encode by itself: a tone that sweeps, so that no two frames are alike. */
export interface Clip {
  /** Hz. */
  readonly sampleRate?: number;
  readonly layout?: "mono" | "stereo" | "5.1" | "5.1(side)";
  readonly seconds: number;
  /** How often, one after the other; less work than a longer one. Default: 1. */
  readonly times?: number;
  readonly bitrate?: string;
  /** Noise, of which every bit is used at any bitrate; a tone needs few. */
  readonly noise?: boolean;
}

/** Audio files for a test, gone at its disposal. */
export class Media implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Media> {
    return new Media(await Deno.makeTempDir({ prefix: "echo-media-" }));
  }

  /** AAC-LC in ADTS, as `NAME.aac`. @returns its path */
  async encode(name: string, clip: Clip): Promise<string> {
    const { sampleRate = 44_100, layout = "stereo", seconds, times = 1, bitrate = "128k" } = clip;
    const channels = { mono: 1, stereo: 2, "5.1": 6, "5.1(side)": 6 }[layout];
    const tones = Array.from({ length: channels }, (_, i) => {
      return clip.noise ? `random(${i})-0.5` : `0.2*sin(${i + 2}*900*t*(1+t/40))`;
    });
    const source = `aevalsrc=${tones.join("|")}:c=${layout}:s=${sampleRate}:d=${seconds}`;
    const file = `${this.#folder}/${name}.aac`;
    await ffmpeg(["-f", "lavfi", "-i", source, "-c:a", "aac", "-b:a", bitrate, "-f", "adts", file]);
    return times === 1 ? file : await this.repeat(file, times);
  }

  /** A programme in AAC-LC, as `NAME.aac`. @param rate its own, in Hz @returns its path */
  async programme(name: string, programme: Programme, rate: number): Promise<string> {
    const file = `${this.#folder}/${name}.aac`;
    const output = ["-c:a", "aac", "-b:a", "64k", "-f", "adts"];
    await Deno.writeFile(file, await encodeProgramme(programme, { rate, output }));
    return file;
  }

  /** MP3 of an input of FFmpeg, frames and nothing else, as `NAME.mp3`. @returns its path */
  async encodeMp3(name: string, input: readonly string[], encoding: Mp3Encoding): Promise<string> {
    const file = `${this.#folder}/${name}.mp3`;
    const alone = ["-id3v2_version", "0", "-write_xing", "0"];
    await ffmpeg([...input, ...mp3Coder(encoding), ...alone, file]);
    return file;
  }

  /** A file's audio so many times, one after the other. @returns its path */
  async repeat(file: string, times: number): Promise<string> {
    const copy = `${this.#folder}/${crypto.randomUUID()}${file.slice(file.lastIndexOf("."))}`;
    await ffmpeg(["-stream_loop", `${times - 1}`, "-i", file, "-map", "0:a", "-c", "copy", copy]);
    return copy;
  }

  /** A file's audio from so many seconds on, as it is. @returns its path */
  async cut(file: string, seconds: number): Promise<string> {
    const copy = `${this.#folder}/${crypto.randomUUID()}${file.slice(file.lastIndexOf("."))}`;
    const alone = file.endsWith(".mp3") ? ["-id3v2_version", "0", "-write_xing", "0"] : [];
    const input = ["-ss", `${seconds}`, "-i", file];
    await ffmpeg([...input, "-map", "0:a", "-c", "copy", ...alone, copy]);
    return copy;
  }

  /**
   * A file in ADTS whose access units are said to be of another rate: what decoders make of them is
   * faster or slower.
   * @param index the sampling_frequency_index (ISO/IEC 14496-3 1.6.3.4) of the core
   * @returns its path
   */
  async relabel(file: string, index: number): Promise<string> {
    const bytes = await Deno.readFile(file);
    for (let at = 0; at < bytes.length;) {
      const [, , rate = 0, high = 0, middle = 0, low = 0] = bytes.subarray(at);
      bytes[at + 2] = rate & ~0x3c | index << 2;
      at += (high & 3) << 11 | middle << 3 | low >> 5;
    }
    const copy = `${this.#folder}/${crypto.randomUUID()}.aac`;
    await Deno.writeFile(copy, bytes);
    return copy;
  }

  /** A file with a text. @returns its path */
  async write(name: string, text: string): Promise<string> {
    const file = `${this.#folder}/${name}`;
    await Deno.writeTextFile(file, text);
    return file;
  }

  /** An empty folder, in which anybody may write. @returns its path */
  async folder(name: string): Promise<string> {
    const folder = `${this.#folder}/${name}`;
    await Deno.mkdir(folder);
    await Deno.chmod(folder, 0o777);
    return folder;
  }

  /** A file with these bytes. @returns its path */
  async keep(name: string, bytes: Uint8Array): Promise<string> {
    const file = `${this.#folder}/${name}`;
    await Deno.writeFile(file, bytes);
    return file;
  }

  /** A folder with `live.m3u8` and segments below 2 s, of other AAC than clips. @returns it */
  async preroll(seconds: number): Promise<string> {
    const folder = `${this.#folder}/preroll`;
    await Deno.mkdir(folder);
    const source = `sine=frequency=330:sample_rate=48000:duration=${seconds}`;
    const hls = ["-f", "hls", "-hls_time", "1.9", "-hls_list_size", "0"];
    await ffmpeg(["-f", "lavfi", "-i", source, "-c:a", "aac", ...hls, `${folder}/live.m3u8`]);
    return folder;
  }

  /** Access units of a file as FFmpeg reads them, with the ADTS headers that it gives them. */
  async readFrames(file: string): Promise<AdtsFrame[]> {
    const copy = `${this.#folder}/${crypto.randomUUID()}.aac`;
    await ffmpeg(["-i", file, "-map", "0:a", "-c", "copy", "-f", "adts", copy]);
    return parseAdts(await Deno.readFile(copy));
  }

  /**
   * Reads a live playlist from its first segment to its end as a player does.
   * @returns the access units, and all that FFmpeg had to complain about while it decoded them
   */
  async readPlaylist(url: string): Promise<{ frames: AdtsFrame[]; warnings: string[] }> {
    const copy = `${this.#folder}/${crypto.randomUUID()}.data`;
    await using reader = new Child("ffmpeg", [
      ...["-hide_banner", "-nostdin", "-v", "warning"],
      ...["-live_start_index", "0", "-i", url],
      ...["-map", "0:a", "-c", "copy", "-f", "data", copy, "-map", "0:a", "-f", "null", "-"],
    ]);
    const { code } = await reader.end();
    assert.equal(code, 0, reader.output);
    // This one it has for every file whose channels are in a program_config_element.
    const warnings = reader.lines.filter((line) => !line.startsWith("Guessed Channel Layout"));
    return { frames: parseAdts(await Deno.readFile(copy)), warnings };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** A file of testing/media. */
export function sample(name: string): string {
  return MEDIA + name;
}

/** A DJ: sends a file in real time, and says goodbye at its end or on SIGINT. */
export class Encoder extends Child {
  /**
   * @param url of RTMP or SRT
   * @param options how to encode; by default the file's audio is sent as it is
   */
  constructor(file: string, url: string, options: readonly string[] = ["-c", "copy"]) {
    super("ffmpeg", [
      ...["-hide_banner", "-nostdin", "-v", "error", "-progress", "pipe:1", "-stats_period", "0.1"],
      ...["-re", "-i", file, ...options, "-f", url.startsWith("srt:") ? "mpegts" : "flv", url],
    ]);
  }

  /** Seconds that it has sent. */
  get sent(): number {
    const last = this.lines.findLast((line) => /^out_time_us=\d/.test(line));
    return Number(last?.split("=")[1] ?? 0) / 1e6;
  }
}

/** A DJ whose encoder connects again when its connection is lost, as OBS does. */
export class PersistentEncoder implements AsyncDisposable {
  readonly #disposed = new AbortController();
  readonly #running: Promise<void>;

  constructor(file: string, url: string) {
    this.#running = this.#run(file, url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    await this.#running;
  }

  async #run(file: string, url: string): Promise<void> {
    const { signal } = this.#disposed;
    const disposed = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
    while (!signal.aborted) {
      await using encoder = new Encoder(file, url);
      await Promise.race([encoder.end(), disposed]);
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, RECONNECT_MS);
      await Promise.race([promise, disposed]);
      clearTimeout(timer);
    }
  }
}

/** All that FFmpeg has to say about a file when it decodes it. */
export async function decoderWarnings(file: string): Promise<string[]> {
  await using child = new Child("ffmpeg", [
    ...["-hide_banner", "-nostdin", "-v", "warning", "-i", file, "-f", "null", "-"],
  ]);
  await child.end();
  return child.lines.filter((line) => !line.startsWith("Guessed Channel Layout"));
}

/** MD5 of each access unit of a file that FFmpeg reads, in order. */
export async function packetsOf(file: string): Promise<string[]> {
  const args = ["-nostdin", "-i", file];
  const copied = ["-map", "0:a", "-c", "copy", "-f", "framemd5", "pipe:1"];
  const said = await run("ffmpeg", [...args, ...copied], undefined, "error");
  const lines = new TextDecoder().decode(said).trim().split("\n");
  return lines.filter((line) => !line.startsWith("#"))
    .map((line) => line.split(",").at(-1)?.trim() ?? "");
}

/** What ffprobe says of a stream. */
export interface ProbedStream {
  readonly codec_type: string;
  readonly codec_name: string;
  readonly sample_rate: string;
  readonly channels: number;
}

/** The streams at `url`, as ffprobe sees them. */
export async function probe(url: string): Promise<ProbedStream[]> {
  const entries = "stream=codec_type,codec_name,sample_rate,channels";
  const args = ["-of", "json", "-show_entries", entries, url];
  const json = await run("ffprobe", args, undefined, "error");
  return JSON.parse(new TextDecoder().decode(json)).streams;
}

async function ffmpeg(args: readonly string[]): Promise<void> {
  await run("ffmpeg", ["-hide_banner", "-nostdin", ...args], undefined, "error");
}
