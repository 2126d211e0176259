/** FFmpeg as a player. */
import { Child } from "../child.ts";
import { type Heard, Listener, type Stall } from "./listener.ts";

const WATCH_MS = 50;
const NOTICED_MS = 500;
const PROGRESS = /^[a-z_0-9]+=/;

/** FFmpeg as a player: decodes a broadcast at the speed at which one listens. */
export class FfmpegPlayer extends Listener implements AsyncDisposable {
  readonly kind = "FFmpeg";
  readonly #child: Child;
  readonly #watching: ReturnType<typeof setInterval>;
  #position = 0;
  #startedAt = Infinity;
  #movedAt = 0;
  #longestStallMs = 0;
  #stalls: Stall[] = [];

  constructor(playlistUrl: string) {
    super();
    this.#child = new Child("ffmpeg", [
      ...["-hide_banner", "-nostdin", "-v", "warning"],
      ...["-progress", "pipe:1", "-stats_period", "0.1"],
      ...["-re", "-i", playlistUrl, "-map", "0:a", "-f", "null", "-"],
    ]);
    this.#watching = setInterval(() => this.#watch(), WATCH_MS);
  }

  override async heard(): Promise<Heard> {
    const exit = this.#child.running ? undefined : await this.#child.end();
    return {
      position: this.#position,
      played: this.#position,
      // It goes on where it was, and where it cannot it warns.
      skipped: 0,
      longestStallMs: this.#longestStallMs,
      stalls: this.#stalls,
      ended: exit?.code === 0,
      errors: exit === undefined || exit.code === 0 ? [] : [this.#child.output],
      warnings: this.#child.lines.filter((line) => !PROGRESS.test(line)),
    };
  }

  override mark(): Promise<void> {
    this.#longestStallMs = 0;
    this.#stalls = [];
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watching);
    await this.#child[Symbol.asyncDispose]();
  }

  #watch(): void {
    if (!this.#child.running) return;
    const now = performance.now();
    const last = this.#child.lines.findLast((line) => /^out_time_us=\d/.test(line));
    const position = Number(last?.split("=")[1] ?? 0) / 1e6;
    const stoodMs = now - this.#movedAt;
    if (now - this.#startedAt > 1000) {
      this.#longestStallMs = Math.max(this.#longestStallMs, stoodMs);
    }
    if (position === this.#position) return;
    if (this.#startedAt === Infinity) this.#startedAt = now;
    else if (stoodMs > NOTICED_MS) {
      this.#stalls.push({ since: Date.now() - stoodMs, until: Date.now() });
    }
    this.#position = position;
    this.#movedAt = now;
  }
}
