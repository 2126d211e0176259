/** A listener whose player keeps one HTTP connection for all requests. */
import assert from "node:assert/strict";
import { parseMediaPlaylist } from "../hls_validator/media_playlist.ts";
import { parseAudioSegment } from "../hls_validator/transport_stream.ts";
import { RawHttp } from "../web/raw_http.ts";

const POLL_MS = 300;

/** A listener whose player keeps its one connection: hears each segment that is listed. */
export class KeptListener implements AsyncDisposable {
  /** All access units so far, in order. */
  readonly units: Uint8Array[] = [];
  segments = 0;
  readonly #http: RawHttp;
  readonly #folder: string;
  readonly #polling: Promise<void>;
  #sequence = -1;
  #over = false;

  private constructor(http: RawHttp, name: string) {
    this.#http = http;
    this.#folder = `/cast/${name}`;
    this.#polling = this.#poll();
    // Where it fails, that is told at the disposal.
    void Promise.allSettled([this.#polling]);
  }

  static async start(port: number, name: string): Promise<KeptListener> {
    return new KeptListener(await RawHttp.connect(port), name);
  }

  /** Fails where it lost its connection, or a segment. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#polling.finally(() => this.#http[Symbol.dispose]());
  }

  async #poll(): Promise<void> {
    while (!this.#over) {
      const { status, body } = await this.#http.get(`${this.#folder}/playlist.m3u8`);
      if (status === 200) await this.#hear(new TextDecoder().decode(body));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #hear(text: string): Promise<void> {
    for (const { sequence, uri } of parseMediaPlaylist(text).segments) {
      if (sequence <= this.#sequence) continue;
      assert.ok(this.#sequence < 0 || sequence === this.#sequence + 1, "it missed a segment");
      const { status, body } = await this.#http.get(`${this.#folder}/${uri}`);
      assert.equal(status, 200, uri);
      this.units.push(...parseAudioSegment(body).frames.map(({ data }) => data));
      this.#sequence = sequence;
      this.segments++;
    }
  }
}
