/** A broadcast that is followed in both forms, through all that befalls its encoder and its server. */
import assert from "node:assert/strict";
import { withoutProgramConfig } from "../hls_validator/adts.ts";
import { PlaylistFollower } from "../hls_validator/follower.ts";
import { LowFollower } from "../hls_validator/low_follower.ts";
import { isLowPreroll } from "../hls_validator/low_rules.ts";
import { parseMediaPlaylist } from "../hls_validator/media_playlist.ts";
import { isPreroll } from "../hls_validator/playlist_rules.ts";
import { md5 } from "../mp4/readers.ts";
import { FfmpegPlayer } from "../players/ffmpeg_player.ts";
import { until } from "../until.ts";
import { assertConnections } from "./audio_sent.ts";
import type { EchoServer } from "./echo_server.ts";
import { Encoder, type Media } from "./ffmpeg_encoder.ts";

/** A connection of the encoder. */
interface Connection {
  readonly file: string;
  /** Seconds that it had sent in the end. */
  seconds: number;
}

/** What an encoder sends. */
interface SentFile {
  /** MD5 of each access unit. */
  readonly hashes: readonly string[];
  /** How long an access unit lasts. */
  readonly frameSeconds: number;
}

/** Longer than players go back from the newest segment. */
const CALM_SEGMENTS = 5;
const FFMPEG_SECONDS = 4;
/** What was on its way, or in a segment that was not whole when the server was killed. */
const LOST_SECONDS = 4;
/** Of a duration with five decimals beside one with six. */
const ROUNDING = 1e-5;
/**
 * What FFmpeg prints of silence in HE-AAC, also where it begins with silence and HE-AAC is signalled
 * implicitly; of layouts without a name; and where it reads the init section again with another
 * version of a playlist.
 */
const NO_FAULT = new RegExp(
  "No quantized data read for sbr_dequant|Implicit SBR was found|Last message repeated|" +
    "Guessed Channel Layout|Found duplicated MOOV Atom",
);

/** What there was when the server was killed. */
interface Kill {
  /** The highest number that players of low latency had seen, also of an open segment. */
  readonly shown: number;
  /** The highest number in the playlist on disk. */
  readonly written: number;
}

/** To be disposed of, which fails where one of the followers saw a rule broken. */
export class FollowedShow implements AsyncDisposable {
  readonly #name: string;
  readonly #files: readonly string[];
  readonly #server: EchoServer;
  readonly #low: LowFollower;
  readonly #ordinary: PlaylistFollower;
  readonly #connections: Connection[] = [];
  /** Of FFmpeg. */
  readonly #complaints: string[] = [];
  readonly #kills: Kill[] = [];
  #encoder: Encoder | undefined;

  /** @param files what the encoder sends, another one with each connection */
  constructor(name: string, files: readonly string[], server: EchoServer) {
    this.#name = name;
    this.#files = files;
    this.#server = server;
    const url = server.playlistUrl(name);
    this.#low = new LowFollower(url.replace("playlist", "low"));
    // How soon versions come is no matter here, and a busy machine is late.
    this.#ordinary = new PlaylistFollower(url, { slackMs: 5000 });
  }

  /** Of `low.m3u8`. */
  get url(): string {
    return this.#low.url;
  }

  /** The encoder connects, and sends its next file from the beginning. */
  connect(): void {
    const file = this.#files[this.#connections.length % this.#files.length] ?? "";
    this.#connections.push({ file, seconds: 0 });
    this.#encoder = new Encoder(file, this.#server.rtmpUrl(`live/${this.#name}`));
  }

  /** The encoder is gone without a word. */
  async lose(): Promise<void> {
    await this.#stop("SIGKILL");
  }

  /** The server is about to be killed. */
  serverIsDown(): void {
    this.#ordinary.allow("serverDown");
    this.#low.serverIsDown();
  }

  /** It was killed. Takes note of what there is. */
  async serverIsDead(): Promise<void> {
    const text = await Deno.readTextFile(this.#server.hlsFile(this.#name, "playlist.m3u8"));
    const written = parseMediaPlaylist(text).segments.at(-1)?.sequence ?? NaN;
    this.#kills.push({ shown: this.#low.playlist?.segments.at(-1)?.sequence ?? NaN, written });
  }

  serverIsBack(): void {
    this.#low.serverIsBack();
  }

  /** Resolves once some segments have come by which the newest is of the newest connection. */
  async calm(): Promise<void> {
    await until(`${this.#name} is on air`, () => this.#low.playlist);
    const since = lastNumber(this.#low);
    await until(`${this.#name} goes on`, () => lastNumber(this.#low) >= since + CALM_SEGMENTS);
    this.#ordinary.forbid("serverDown");
  }

  /** FFmpeg plays it for so long; {@link check} fails where it warns of anything. */
  async playByFfmpeg(seconds = FFMPEG_SECONDS): Promise<void> {
    await using player = new FfmpegPlayer(this.url);
    const playing = until(`FFmpeg plays ${this.#name}`, async () => {
      const heard = await player.heard();
      assert.deepEqual(heard.errors, [], this.#name);
      return heard.position >= seconds && heard;
    });
    const { warnings } = await playing.catch(async (error) => {
      const { position, warnings } = await player.heard();
      throw new Error(`It is at ${position} s: ${warnings.join("\n")}`, { cause: error });
    });
    this.#complaints.push(...warnings.filter((line) => !NO_FAULT.test(line)));
  }

  /** The encoder says goodbye. Resolves once players have all of it. */
  async end(): Promise<void> {
    this.#ordinary.allow("deliberateEnd");
    await this.#stop("SIGINT");
    await this.#low.ended();
    const last = lastNumber(this.#low);
    await until(`${this.#name} has ended`, () => this.#ordinary.segments.has(last));
  }

  /**
   * What came is byte for byte what was sent, from the first access unit of each connection on and
   * without a gap, with silence between them; and both kinds of players saw the same.
   * @returns figures, in words
   */
  async check(media: Media): Promise<string> {
    assert.deepEqual(this.#complaints, [], this.#name);
    const files = new Map<string, SentFile>();
    for (const file of this.#files) {
      const frames = await media.readFrames(file);
      const hashes = frames.map(({ data }) => md5(withoutProgramConfig(data)));
      files.set(file, { hashes, frameSeconds: 1024 / (frames[0]?.sampleRate ?? NaN) });
    }
    const sent = this.#connections.map(({ file }) => files.get(file)?.hashes ?? []);
    const { counts, silent } = assertConnections(this.#low.hashes, sent, this.#name);
    const lost = this.#connections.map(({ file, seconds }, i) => {
      return seconds - (counts[i] ?? 0) * (files.get(file)?.frameSeconds ?? NaN);
    });
    assert.ok(Math.max(...lost) < LOST_SECONDS, `${this.#name}: the last ${lost} s were not heard`);
    const audio = counts.reduce((sum, count) => sum + count, 0);
    return [
      `${this.#name}: ${this.#low.versions} versions, ${this.#low.repeats} of them asked for again`,
      `at most ${Math.round(this.#low.longestWaitMs)} ms waited for one`,
      `${counts.length} connections`,
      `${audio} access units as they were sent`,
      `${silent} silent ones`,
      `at most ${Math.max(...lost).toFixed(2)} s lost at the end of a connection`,
      this.#checkSame(new Set(sent.flat())),
    ].join(", ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using stack = new AsyncDisposableStack();
    stack.use(this.#low);
    stack.use(this.#ordinary);
    if (this.#encoder !== undefined) stack.use(this.#encoder);
  }

  async #stop(signal: Deno.Signal): Promise<void> {
    const sent = this.#connections.at(-1);
    assert.ok(sent !== undefined && this.#encoder !== undefined);
    await this.#encoder.stop(signal);
    sent.seconds = this.#encoder.sent;
  }

  /**
   * Segments have the same numbers, times and access units in both forms, and keep them over a
   * restart. What a killed server had not written of what it had shown in low latency is silence
   * behind the restart, in both forms: of an open segment nobody has the rest, and to show none before
   * it is written would cost its length in latency.
   * @param sent MD5 of all access units that encoders sent
   */
  #checkSame(sent: ReadonlySet<string>): string {
    const { segments } = this.#low;
    const lost = new Set(this.#kills.flatMap((kill) => this.#silenceBehind(kill, sent)));
    const numbers = [...segments.keys()].sort((a, b) => a - b);
    const [first = NaN] = numbers;
    const due = [...this.#ordinary.segments.keys()].filter((number) => number >= first);
    assert.deepEqual(numbers, due.sort((a, b) => a - b), `${this.#name} in both forms`);
    for (const [number, seen] of segments) {
      const what = `segment ${number} of ${this.#name}`;
      const newest = seen.at(-1);
      const other = this.#ordinary.segments.get(number);
      assert.ok(newest !== undefined && other !== undefined, what);
      assert.equal(isLowPreroll(newest.listed), isPreroll(other.listed), what);
      const units = other.frames.map(({ data }) => md5(withoutProgramConfig(data)));
      assert.deepEqual(newest.hashes, units, what);
      if (!lost.has(number)) {
        for (const { hashes } of seen) assert.deepEqual(hashes, units, what);
      }
      const { discontinuity, programDateTime, whole } = newest.listed;
      const { listed } = other;
      assert.deepEqual(
        [discontinuity, Date.parse(programDateTime)],
        [listed.discontinuity, listed.programDateTime ?? NaN],
        what,
      );
      const off = Math.abs((whole?.duration ?? NaN) - listed.duration);
      assert.ok(off < ROUNDING, `${what} is ${off} s longer or shorter`);
    }
    return `${segments.size} segments are the same in both forms, ${lost.size} are silence ` +
      `behind ${this.#kills.length} kills`;
  }

  /** @returns the numbers that are silence behind it: from the first that was not written on */
  #silenceBehind({ shown, written }: Kill, sent: ReadonlySet<string>): number[] {
    const numbers: number[] = [];
    for (let number = written + 1;; number++) {
      const newest = this.#low.segments.get(number)?.at(-1);
      assert.ok(newest !== undefined, `segment ${number} of ${this.#name} never came`);
      if (newest.listed.discontinuity) break;
      numbers.push(number);
      const audio = newest.hashes.filter((hash) => sent.has(hash));
      assert.deepEqual(audio, [], `segment ${number} of ${this.#name} is not silent`);
    }
    const last = numbers.at(-1) ?? written;
    // Others may have seen the next one begin.
    assert.ok(
      last === shown || last === shown + 1,
      `${this.#name} was seen up to ${shown}, was written up to ${written}, and is silent to ${last}`,
    );
    return numbers;
  }
}

/** The number of the newest whole segment. */
function lastNumber({ segments }: LowFollower): number {
  return Math.max(-1, ...segments.keys());
}
