/** A broadcast that is followed in both forms, through all that befalls its encoder and its server. */
import assert from "node:assert/strict";
import { withoutProgramConfig } from "../hls_validator/adts.ts";
import { PlaylistFollower } from "../hls_validator/follower.ts";
import { LowFollower } from "../hls_validator/low_follower.ts";
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
/** Of a wall time in whole milliseconds. */
const TIME_ROUNDING_MS = 1;
/** Segments that a follower cannot have where the server is killed under its requests. */
const MISSED_A_KILL = 2;
/**
 * What FFmpeg prints of silence in HE-AAC, also where it begins with silence and HE-AAC is signalled
 * implicitly; of layouts without a name; and where it reads the init section again with another
 * version of a playlist.
 */
const NO_FAULT = new RegExp(
  "No quantized data read for sbr_dequant|Implicit SBR was found|Last message repeated|" +
    "Guessed Channel Layout|Found duplicated MOOV Atom",
);

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
  #encoder: Encoder | undefined;
  #kills = 0;

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

  serverIsDown(): void {
    this.#kills++;
    this.#ordinary.allow("serverDown");
    this.#low.serverIsDown();
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

  /** FFmpeg plays it for some seconds; {@link check} fails where it warns of anything. */
  async playByFfmpeg(): Promise<void> {
    await using player = new FfmpegPlayer(this.url);
    const { warnings } = await until(`FFmpeg plays ${this.#name}`, async () => {
      const heard = await player.heard();
      assert.deepEqual(heard.errors, [], this.#name);
      return heard.position >= FFMPEG_SECONDS && heard;
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
    const { versions, refusedHints } = this.#low;
    return [
      `${this.#name}: ${versions} versions`,
      `${refusedHints} hints refused`,
      `${counts.length} connections`,
      `${audio} access units as they were sent`,
      `${silent} silent ones`,
      `at most ${Math.max(...lost).toFixed(2)} s lost at the end of a connection`,
      this.#checkSame(),
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

  /** Segments have the same numbers, times and access units in both forms. */
  #checkSame(): string {
    let compared = 0;
    let missed = 0;
    let replaced = 0;
    for (const [number, { listed, hashes }] of this.#low.segments) {
      const other = this.#ordinary.segments.get(number);
      if (other === undefined) {
        missed++;
        continue;
      }
      assert.ok(!isPreroll(other.listed), `segment ${number} of ${this.#name} is preroll`);
      const units = other.frames.map(({ data }) => md5(withoutProgramConfig(data)));
      const what = `segment ${number} of ${this.#name}`;
      assert.equal(listed.discontinuity, other.listed.discontinuity, what);
      const place = units.findIndex((unit, i) => unit !== hashes[i]);
      const differs = place >= 0 || units.length !== hashes.length;
      // It was seen in low latency just before the server was killed, and had not been written.
      if (differs && new Set(units).size === 1) {
        replaced++;
        continue;
      }
      assert.ok(!differs, `${what} has ${hashes.length} and ${units.length}, other at ${place}`);
      const offMs = Date.parse(listed.programDateTime) - (other.listed.programDateTime ?? NaN);
      assert.ok(Math.abs(offMs) <= TIME_ROUNDING_MS, `segment ${number} is ${offMs} ms off`);
      const off = Math.abs((listed.whole?.duration ?? NaN) - other.listed.duration);
      assert.ok(off < ROUNDING, `segment ${number} of ${this.#name} is ${off} s longer or shorter`);
      compared++;
    }
    const most = 1 + MISSED_A_KILL * this.#kills;
    assert.ok(missed <= most, `${missed} segments of ${this.#name} were seen in one form alone`);
    assert.ok(
      replaced <= this.#kills,
      `${replaced} segments of ${this.#name} are silent in one form`,
    );
    return `${compared} segments are the same in both forms, ${replaced} became silence by a kill`;
  }
}

/** The number of the newest whole segment. */
function lastNumber({ segments }: LowFollower): number {
  return Math.max(-1, ...segments.keys());
}
