/** How many are counted who rewind, of players that behave as real ones do. */
import assert from "node:assert/strict";
import { Listeners } from "../../src/hls/listeners.ts";

const STEP_MS = 250;
const SEGMENT_MS = 6250;
const LIVE_MS = 1000;
/** Within so long threads have told of who joins … */
const TOLD_MS = 3500;
/** … and within so long any change is counted. */
const SETTLE_MS = 25_000;

/** A show that has gone on for an hour, and those who hear it from somewhere. */
class Show {
  now = 3_600_000;
  readonly listeners = new Listeners(LIVE_MS, () => this.now);

  fetch(number: number): void {
    this.listeners.fetched("demo", `show/1700000000-${number}.m4s`);
  }

  /** The number of the newest segment that is whole. */
  get newest(): number {
    return Math.floor(this.now / SEGMENT_MS) - 1;
  }

  /** Lets time pass, while others who rewind do what they do. */
  play(ms: number, players: readonly Player[]): void {
    for (const end = this.now + ms; this.now < end; this.now += STEP_MS) {
      if (this.now % LIVE_MS === 0) this.listeners.listed("demo", `${this.now}-1.ts`);
      for (const player of players) player.turn();
    }
  }

  get count(): number {
    return this.listeners.count("demo");
  }
}

/** Loads ahead as much as it may, and goes on when it has played some of it. */
class Player {
  readonly #show: Show;
  readonly #aheadMs: number;
  #next: number;
  #loadedUntil: number;

  /**
   * @param behindMs where it begins
   * @param aheadMs how much it has loaded at most
   */
  constructor(show: Show, behindMs: number, aheadMs = 30_000) {
    this.#show = show;
    this.#aheadMs = aheadMs;
    this.#loadedUntil = show.now;
    this.#next = Math.max(0, show.newest - Math.floor(behindMs / SEGMENT_MS));
  }

  turn(): void {
    const { now, newest } = this.#show;
    while (this.#loadedUntil - now < this.#aheadMs && this.#next <= newest) {
      this.#show.fetch(this.#next++);
      this.#loadedUntil = Math.max(now, this.#loadedUntil) + SEGMENT_MS;
    }
  }

  seek(segments: number): void {
    this.#next += segments;
    this.#loadedUntil = this.#show.now;
  }
}

Deno.test("who rewinds is counted once, wherever and whenever, as long as it plays", () => {
  const show = new Show();
  const players: Player[] = [];
  for (let i = 0; i < 40; i++) {
    // Some hear the same at the same time, and some are as near to live as they can be.
    const behindMs = [3_000_000, 3_000_000, 600_000, 0, 12_500][i % 5];
    players.push(new Player(show, behindMs ?? 0, [30_000, 6000, 60_000][i % 3]));
    show.play(i % 4 * 750, players);
  }
  show.play(SETTLE_MS, players);
  for (let i = 0; i < 100; i++) {
    show.play(3000, players);
    assert.equal(show.count, 40);
  }
  assert.equal(show.listeners.total, 40);
  players.splice(0, 25);
  show.play(SETTLE_MS, players);
  assert.equal(show.count, 15);
  players.splice(0);
  show.play(SETTLE_MS, players);
  assert.equal(show.count, 0);
});

Deno.test("who joins is counted within moments, and once for all that it loads ahead", () => {
  const show = new Show();
  show.play(30_000, []);
  show.play(TOLD_MS, [new Player(show, 600_000, 600_000)]);
  assert.equal(show.count, 1);
});

Deno.test("it does not matter when a listener comes or goes", () => {
  const show = new Show();
  for (let phaseMs = 0; phaseMs < 2 * SEGMENT_MS; phaseMs += STEP_MS) {
    const player = new Player(show, 120_000);
    show.play(SEGMENT_MS + phaseMs, [player]);
    assert.equal(show.count, 1);
    show.play(SETTLE_MS, []);
    assert.equal(show.count, 0);
  }
});

Deno.test("who seeks is one again after a moment", () => {
  const show = new Show();
  const player = new Player(show, 3_000_000);
  show.play(30_000, [player]);
  player.seek(50);
  show.play(SETTLE_MS, [player]);
  assert.equal(show.count, 1);
});

Deno.test("who rewinds and who listens live are counted together, each show by itself", () => {
  const show = new Show();
  const player = new Player(show, 60_000);
  for (let i = 0; i < 20; i++) {
    show.play(LIVE_MS, [player]);
    show.listeners.fetched("demo", `${show.now - LIVE_MS}-1.ts`, 3);
    show.listeners.listed("other", `${i}-1.ts`);
    // A show that was before, of which somebody still has a playlist.
    if (i % 5 === 0) show.listeners.fetched("other", `show/1600000000-${1 + i / 5}.m4s`);
  }
  assert.deepEqual([...show.listeners.byName()], [["demo", 4], ["other", 1]]);
});

Deno.test("what comes from several threads by counts is as what comes one after the other", () => {
  const show = new Show();
  show.play(1000, []);
  for (let number = 100; number < 110; number++) {
    for (const thread of [2, 3]) {
      show.listeners.fetched("demo", `show/1700000000-${number}.m4s`, thread);
    }
    show.play(SEGMENT_MS, []);
    assert.equal(show.count, 5);
  }
});

Deno.test("who fetches from several threads is counted once, whichever tells first", () => {
  const show = new Show();
  for (let number = 100; number < 120; number += 3) {
    show.fetch(number + 2);
    show.play(STEP_MS, []);
    show.fetch(number);
    show.play(2 * STEP_MS, []);
    show.fetch(number + 1);
    show.play(3 * SEGMENT_MS - 3 * STEP_MS, []);
    assert.equal(show.count, 1, `${number}`);
  }
});

Deno.test("who leaves is forgotten also where others hear the same a moment later", () => {
  const show = new Show();
  const players: Player[] = [];
  const waves = 60;
  for (let i = 0; i < waves; i++) {
    players.push(new Player(show, 120_000));
    show.play(1000, players);
  }
  show.play(TOLD_MS, players);
  assert.equal(show.count, waves);
  // Each second there is somebody at each place whom the others follow.
  const stay = players.filter((_, i) => i % 3 === 0);
  show.play(SETTLE_MS, stay);
  assert.equal(show.count, stay.length);
});
