/**
 * Where each frame that arrives belongs on a session's timeline, and what silence goes before it.
 */
import { DueTime } from "./due_time.ts";
import { SampleCount } from "./sample_count.ts";
import { SlidingMax } from "./sliding_max.ts";

/** What {@link Timeline.arrive} answers for a frame that comes too late to be kept. */
export const DROP = -1;

/** How far back leads are compared. */
const WINDOW_MS = 10_000;
/**
 * How far back delays are compared: longer than what may wait in the sockets of a server that stood
 * still, so that not all that is compared was late.
 */
const ARRIVALS_WINDOW_MS = 60_000;
/** At first the largest lead is only learned. */
const LEARNING_MS = 1000;
/** Timestamps that fall this far behind the largest lead have jumped back. */
const JUMP_BACK_MS = 500;
const GAP_FRAMES = 1.5;
/**
 * How long after a wait it is decided what its silence stands for: audio that came late, or a pause
 * of the source.
 */
const SETTLE_MS = 5000;
/** A source that was gone for more than this part of a segment leaves a gap that must be filled. */
const GONE_PART = 0.25;

export interface TimelineOptions {
  /** How far the broadcast may be behind its source, and the longest gap that is filled. */
  readonly maxDelayMs: number;
  /** What segments aim at: a gap is filled no further past real time than that. */
  readonly targetMs: number;
}

/**
 * A session's one clock: a gapless count of samples. For each frame that arrives it decides whether
 * the frame is in step, how much silence goes before it, or whether source and timeline are to be
 * related anew. It holds no audio and reads no clock; the times that it is given are of one that
 * never jumps, in milliseconds.
 *
 * A frame's *lead* is its source time minus its place. Leads scatter with coarse or jittered
 * timestamps and creep with drift, so only a lead above the largest of the last 10 s is a gap.
 */
export class Timeline {
  readonly #maxDelayMs: number;
  readonly #targetMs: number;
  readonly #leads = new SlidingMax(WINDOW_MS);
  /** Of place minus arrival, so the largest belongs to the frame that was least delayed. */
  readonly #arrivals = new SlidingMax(ARRIVALS_WINDOW_MS);
  readonly #due = new DueTime();
  readonly #count = new SampleCount();
  #learnUntilMs = 0;
  /** Silence put in while waiting that no gap has taken up yet: how late the broadcast is. */
  #waitedMs = 0;
  #reanchors = 0;
  #returning = false;
  #sourceMs = 0;
  /** When it will show whether what was waited for came late; `undefined` until audio is back. */
  #settleAt: number | undefined = Infinity;

  constructor(options: TimelineOptions) {
    this.#maxDelayMs = options.maxDelayMs;
    this.#targetMs = options.targetMs;
  }

  /** Samples since the last {@link configure}: the place of the next frame. */
  get position(): number {
    return this.#count.position;
  }

  /** How long a frame is, in milliseconds. */
  get frameMs(): number {
    return this.#count.frameMs;
  }

  /** When the next frame's first sample is due; never goes back. */
  get dueMs(): number {
    return this.#due.at(this.#count.placeMs);
  }

  /** How much the source has sent, in milliseconds, with what it lost; never goes back. */
  get sourceMs(): number {
    return this.#sourceMs;
  }

  /** How often source and timeline were related anew in mid-stream. */
  get reanchors(): number {
    return this.#reanchors;
  }

  /** Counts on in other frames; positions start at 0 again, time goes on. */
  configure(sampleRate: number, samplesPerFrame: number): void {
    this.#count.configure(sampleRate, samplesPerFrame);
  }

  /** What follows has timestamps of its own, as those of a new connection. */
  restart(): void {
    this.#forget();
    this.#returning = this.#count.placeMs > 0;
  }

  /** What follows does not continue what was before: no gap is between them. */
  cut(): void {
    this.#returning = false;
  }

  /**
   * Decides on a frame that has arrived.
   * @param timeMs its source time, `undefined` where the source has no clock
   * @returns how many silent frames go before it, or {@link DROP}
   */
  arrive(timeMs: number | undefined, nowMs: number): number {
    if (this.#arrivals.value === -Infinity) return this.#begin(timeMs, nowMs);
    this.#arrivals.add(this.#count.placeMs - this.#waitedMs - nowMs, this.#sourceMs);
    this.#due.correct(-this.#arrivals.value, this.#count.placeMs);
    const fill = timeMs === undefined ? 0 : this.#silenceBefore(timeMs, nowMs);
    this.#sourceMs += (fill + 1) * this.#count.frameMs;
    if (this.#waitedMs > 0) this.#settle(nowMs);
    if (this.#waitedMs <= this.#maxDelayMs || this.#aheadMs(nowMs) <= this.#maxDelayMs) return fill;
    this.#payBack(this.#count.frameMs);
    return DROP;
  }

  /**
   * Decides on frames that are known to be lost.
   * @returns how many silent frames take their place
   */
  lose(frames: number, nowMs: number): number {
    const fill = this.#fill(frames * this.#count.frameMs, nowMs);
    this.#sourceMs += frames * this.#count.frameMs;
    if (fill === undefined) this.#reanchors++;
    return fill ?? 0;
  }

  /**
   * Frames that are overdue at `nowMs`; 0 where they are so few that nobody waited for them.
   * @param mostMs how much of what is missing counts
   */
  overdueFrames(nowMs: number, mostMs: number): number {
    const missedMs = this.#missedMs(nowMs);
    if (this.#count.placeMs === 0 || missedMs <= GONE_PART * this.#targetMs) return 0;
    return Math.max(0, Math.round(Math.min(missedMs, mostMs) / this.#count.frameMs));
  }

  /** The next frame, of either kind, has been placed. */
  advance(): void {
    this.#count.advance();
  }

  /** `frames` silent frames were placed while waiting for audio that may still come. */
  waited(frames: number): void {
    const ms = frames * this.#count.frameMs;
    this.#waitedMs += ms;
    this.#leads.shift(-ms);
    this.#settleAt = undefined;
  }

  /** The first frame of a source; what was missed since the last one is filled, if it must be. */
  #begin(timeMs: number | undefined, nowMs: number): number {
    const frames = this.#returning ? this.#missedFrames(nowMs) : 0;
    if (this.#count.placeMs > 0) this.#keepDelay(this.#maxDelayMs, nowMs);
    this.#returning = false;
    this.#sourceMs += this.#count.frameMs;
    const placeMs = this.#count.placeMs + frames * this.#count.frameMs;
    this.#due.anchor(placeMs, nowMs);
    this.#arrivals.add(placeMs - this.#waitedMs - nowMs, this.#sourceMs);
    this.#learnUntilMs = placeMs + LEARNING_MS;
    if (timeMs !== undefined) this.#leads.add(timeMs - placeMs, placeMs);
    return frames;
  }

  /** Frames that are overdue; 0 where they are so few that nobody waited for them. */
  #missedFrames(nowMs: number): number {
    const missedMs = this.#missedMs(nowMs);
    const isGap = missedMs > GONE_PART * this.#targetMs && missedMs <= this.#maxDelayMs;
    return isGap ? Math.round(missedMs / this.#count.frameMs) : 0;
  }

  /** How long the next frame has been overdue. */
  #missedMs(nowMs: number): number {
    return -this.#aheadMs(nowMs);
  }

  #silenceBefore(timeMs: number, nowMs: number): number {
    const lead = timeMs - this.#count.placeMs;
    const gapMs = lead - this.#leads.value;
    if (gapMs === Infinity) {
      this.#learnUntilMs = this.#count.placeMs + LEARNING_MS;
    } else if (this.#count.placeMs < this.#learnUntilMs) {
      if (gapMs < -JUMP_BACK_MS) this.#leads.clear();
    } else if (gapMs < -JUMP_BACK_MS) {
      this.#reanchor(nowMs);
    } else if (gapMs > GAP_FRAMES * this.#count.frameMs) {
      const fill = this.#fill(gapMs, nowMs);
      if (fill !== undefined) {
        this.#leads.add(lead - fill * this.#count.frameMs, this.#count.placeMs);
        return fill;
      }
      this.#reanchor(nowMs);
    }
    this.#leads.add(lead, this.#count.placeMs);
    return 0;
  }

  /** Frames of silence for a gap, less what was put in while waiting; `undefined` to re-anchor. */
  #fill(gapMs: number, nowMs: number): number | undefined {
    const aheadMs = this.#count.placeMs - this.#waitedMs + gapMs - this.#arrivals.value - nowMs;
    if (gapMs > this.#maxDelayMs || aheadMs > this.#targetMs) return undefined;
    const frames = Math.max(0, Math.round((gapMs - this.#waitedMs) / this.#count.frameMs));
    this.#payBack(Math.min(gapMs, this.#waitedMs));
    return frames;
  }

  /** Silence put in while waiting turns out to stand for audio that does not come. */
  #payBack(ms: number): void {
    this.#waitedMs -= ms;
    this.#leads.shift(ms);
  }

  /**
   * A while after a wait it shows what it was: audio that came late puts the timeline ahead of real
   * time; where the source had paused, it is not ahead, and nothing is late.
   */
  #settle(nowMs: number): void {
    this.#settleAt ??= nowMs + SETTLE_MS;
    if (nowMs < this.#settleAt) return;
    this.#settleAt = Infinity;
    this.#keepDelay(this.#waitedMs, nowMs);
  }

  /** The delay is what the timeline is ahead of real time, but no more than `mostMs`. */
  #keepDelay(mostMs: number, nowMs: number): void {
    this.#waitedMs = Math.max(0, Math.min(mostMs, this.#aheadMs(nowMs)));
  }

  /** How long it is until the next frame is due. */
  #aheadMs(nowMs: number): number {
    return this.#due.at(this.#count.placeMs) - nowMs;
  }

  #reanchor(nowMs: number): void {
    this.#reanchors++;
    this.#forget();
    this.#keepDelay(this.#waitedMs, nowMs);
    this.#learnUntilMs = this.#count.placeMs + LEARNING_MS;
    this.#arrivals.add(this.#count.placeMs - this.#waitedMs - nowMs, this.#sourceMs);
    this.#due.anchor(this.#count.placeMs, nowMs);
  }

  #forget(): void {
    this.#leads.clear();
    this.#arrivals.clear();
  }
}
