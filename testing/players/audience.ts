/** Players of every kind at one broadcast, and what they noticed. */
import assert from "node:assert/strict";
import { Browser, PLAYER_KINDS } from "./browser.ts";
import { FfmpegPlayer } from "./ffmpeg_player.ts";
import type { Heard, Listener } from "./listener.ts";
import { together } from "../e2e/scenario.ts";

/** More than a player has buffered, so that it has played past what just happened. */
const SECONDS_PAST = 8;

/** What a listener does not notice. */
export const UNNOTICED_MS = 500;

/** What one of an audience heard. */
export interface Impression {
  readonly listener: Listener;
  readonly heard: Heard;
}

/** Players of every kind at one broadcast. Gone at its disposal. */
export class Audience implements AsyncDisposable {
  readonly listeners: readonly Listener[];
  readonly #stack: AsyncDisposableStack;

  private constructor(listeners: readonly Listener[], stack: AsyncDisposableStack) {
    this.listeners = listeners;
    this.#stack = stack;
  }

  /**
   * Gathers hls.js, Chromium by itself and, if wanted, FFmpeg, all of which play.
   * @param playlistUrl of a broadcast that is on air
   */
  static async gather(playlistUrl: string, { ffmpeg = true } = {}): Promise<Audience> {
    await using stack = new AsyncDisposableStack();
    const browser = stack.use(await Browser.start());
    const listeners: Listener[] = await together(
      PLAYER_KINDS,
      (kind) => browser.play(playlistUrl, kind),
    );
    if (ffmpeg) listeners.push(stack.use(new FfmpegPlayer(playlistUrl)));
    await together(listeners, (listener) => listener.played(2));
    return new Audience(listeners, stack.move());
  }

  /** Has all of them hear what happens in `event`, and on until it is past for them. */
  async hear(event: () => Promise<void>): Promise<Impression[]> {
    await together(this.listeners, (listener) => listener.mark());
    await event();
    return await together(this.listeners, async (listener) => {
      return { listener, heard: await listener.playedOn(SECONDS_PAST) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Says how long each one's longest stall was. */
export function printStalls(what: string, impressions: readonly Impression[]): void {
  const stalls = impressions.map(({ listener: { kind }, heard }) => {
    return `${kind} ${Math.round(heard.longestStallMs)} ms`;
  });
  console.log(`${what}: longest stalls ${stalls.join(", ")}`);
}

/** @throws where one of them noticed anything */
export function assertUnnoticed(impressions: readonly Impression[]): void {
  for (const { listener: { kind }, heard } of impressions) {
    assert.ok(heard.longestStallMs < UNNOTICED_MS, `${kind} stood still: ${JSON.stringify(heard)}`);
    assert.ok(heard.skipped < UNNOTICED_MS / 1000, `${kind} jumped: ${JSON.stringify(heard)}`);
    assert.deepEqual(heard.warnings, [], kind);
  }
}
