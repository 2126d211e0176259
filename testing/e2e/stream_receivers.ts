/** Receivers of endless streams: programs, a browser, and a library that knows titles. */
import assert from "node:assert/strict";
import { IcecastReadableStream } from "icecast-metadata-js";
import { type Browser, chromium, type Page } from "playwright-core";
import { Child } from "../child.ts";
import { type AdtsFrame, parseAdts } from "../hls_validator/adts.ts";
import { CHROMIUM } from "../players/chromium.ts";
import { FfmpegPlayer } from "../players/ffmpeg_player.ts";
import { until } from "../until.ts";

/** What is played by one that is connected once, and never again. */
export interface StreamReceiver extends AsyncDisposable {
  readonly what: string;
  /** How much it has got or played so far, in whatever unit. */
  progress(): number | Promise<number>;
  /** @throws where it is not connected any more, or complains */
  check(): void | Promise<void>;
}

/** Waits until a receiver goes on. */
export async function untilMore(receiver: StreamReceiver): Promise<void> {
  const before = await receiver.progress();
  await until(`${receiver.what} goes on`, async () => {
    await receiver.check();
    return await receiver.progress() > before;
  });
}

/** Keeps what it gets in a file. */
export class Curl implements StreamReceiver {
  readonly what = "curl";
  readonly #file: string;
  readonly #child: Child;

  /** @param file what it gets goes there */
  constructor(url: string, file: string, ...options: readonly string[]) {
    this.#file = file;
    this.#child = new Child("curl", ["-sS", "--fail", "-o", file, ...options, url]);
  }

  progress(): number {
    try {
      return Deno.statSync(this.#file).size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return 0;
      throw error;
    }
  }

  check(): void {
    assert.ok(this.#child.running, `curl has ended: ${this.#child.output}`);
  }

  /** Waits for the end of the stream. @returns all of it */
  async bytes(): Promise<Uint8Array> {
    const { code } = await this.#child.end();
    assert.equal(code, 0, this.#child.output);
    return await Deno.readFile(this.#file);
  }

  /** Waits for the end of a stream of AAC. @returns its frames */
  async frames(): Promise<AdtsFrame[]> {
    return parseAdts(await this.bytes());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

/** FFmpeg, which decodes as fast as one listens. */
export class FfmpegReceiver implements StreamReceiver {
  readonly what = "FFmpeg";
  readonly #player: FfmpegPlayer;

  constructor(url: string) {
    this.#player = new FfmpegPlayer(url);
  }

  async progress(): Promise<number> {
    return (await this.#player.heard()).position;
  }

  async check(): Promise<void> {
    const { ended, errors, warnings } = await this.#player.heard();
    assert.deepEqual([ended, errors, warnings], [false, [], []], this.what);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#player[Symbol.asyncDispose]();
  }
}

/** `<audio src>` in Chromium. */
export class AudioElement implements StreamReceiver {
  readonly what = "Chromium";
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.#page = page;
  }

  static async play(url: string): Promise<AudioElement> {
    const args = [...CHROMIUM.args, "--autoplay-policy=no-user-gesture-required"];
    const browser = await chromium.launch({ ...CHROMIUM, args });
    const page = await browser.newPage();
    await page.setContent(`<audio src="${url}" autoplay></audio>`);
    return new AudioElement(browser, page);
  }

  progress(): Promise<number> {
    return this.#page.evaluate<number>("document.querySelector('audio').currentTime");
  }

  async check(): Promise<void> {
    const [ended, error] = await this.#page.evaluate<[boolean, string | undefined]>(
      "(({ ended, error }) => [ended, error?.message])(document.querySelector('audio'))",
    );
    assert.deepEqual([ended, error ?? undefined], [false, undefined], "Chromium");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#browser.close();
  }
}

/** `icecast-metadata-js`, which takes audio and titles apart. */
export class IcyReader implements StreamReceiver {
  readonly what = "icecast-metadata-js";
  readonly titles: string[] = [];
  /** Frames of what has come so far. */
  readonly #audio: Uint8Array[] = [];
  readonly #left = new AbortController();
  readonly #reading: Promise<void>;
  #end: string | undefined;

  constructor(url: string) {
    this.#reading = this.#read(url)
      .then(() => this.#end = "the stream is over", (error) => this.#end = String(error))
      .then(() => {});
  }

  progress(): number {
    return this.#audio.reduce((sum, { length }) => sum + length, 0);
  }

  check(): void {
    assert.equal(this.#end, undefined, this.what);
  }

  /** The audio that has come, between the titles. */
  get audio(): Uint8Array {
    return new Uint8Array(this.#audio.flatMap((piece) => [...piece]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#left.abort();
    await this.#reading;
  }

  async #read(url: string): Promise<void> {
    const { signal } = this.#left;
    const response = await fetch(url, { headers: { "Icy-MetaData": "1" }, signal });
    assert.notEqual(response.headers.get("icy-metaint"), null);
    const reader = new IcecastReadableStream(response, {
      onStream: ({ stream }: { stream: Uint8Array }) => void this.#audio.push(stream.slice()),
      onMetadata: ({ metadata }: { metadata: { StreamTitle?: string } }) =>
        void this.titles.push(metadata.StreamTitle ?? ""),
      metadataTypes: ["icy"],
    });
    await reader.startReading();
  }
}
