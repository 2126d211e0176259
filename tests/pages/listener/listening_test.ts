/** What the page does as shows come and go, and as the listener presses play and stop. */
import assert from "node:assert/strict";
import { Listening } from "../../../src/pages/listener/listening.js";

/** As much of an audio element as is asked for. */
class FakeAudio extends EventTarget {
  currentTime = 0;
  paused = true;
  ended = false;
  refusal: Error | undefined;
  loads = 0;

  load(): void {
    this.loads++;
  }

  play(): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.paused = false;
    return Promise.resolve();
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.dispatchEvent(new Event("pause"));
  }
}

/** A listener at a player whose sound and clock are moved by hand. */
class Player {
  readonly audio = new FakeAudio();
  readonly phases: string[] = [];
  readonly events: string[] = [];
  opened = 0;
  open = 0;
  resting = 0;
  readonly #patienceMs: number;
  #now = 0;
  #onFailed: () => void = () => {};
  readonly listening = new Listening(this.audio as unknown as HTMLAudioElement, {
    now: () => this.#now,
    open: (_, onFailed) => {
      this.opened++;
      this.open++;
      this.audio.ended = false;
      this.#onFailed = onFailed;
      const rest = () => this.resting++;
      return { patienceMs: this.#patienceMs, rest, destroy: () => this.open-- };
    },
  });

  constructor(patienceMs = 8000) {
    this.#patienceMs = patienceMs;
    this.listening.addEventListener("phase", () => this.phases.push(this.listening.phase));
    for (const event of ["stall", "fail"]) {
      this.listening.addEventListener(event, () => this.events.push(event));
    }
  }

  /** Seconds pass in which it plays. */
  plays(seconds: number): void {
    this.#pass(seconds, 1);
  }

  /** Seconds pass in which it does not. */
  stands(seconds: number): void {
    this.#pass(seconds, 0);
  }

  /** Seconds pass in which its position is moved by what is told, as players try when they are stuck. */
  isMoved(seconds: number, by: (second: number) => number, event?: "seeking"): void {
    for (let second = 0; second < seconds; second++) {
      this.audio.currentTime += by(second);
      if (event !== undefined) this.audio.dispatchEvent(new Event(event));
      this.#now += 1000;
      this.listening.check();
    }
  }

  fails(): void {
    this.#onFailed();
  }

  ends(): void {
    this.audio.ended = true;
    this.audio.pause();
    this.audio.dispatchEvent(new Event("ended"));
  }

  #pass(seconds: number, speed: number): void {
    for (let i = 0; i < seconds; i++) {
      this.#now += 1000;
      this.audio.currentTime += speed;
      this.listening.check();
    }
  }
}

/** A player that plays. */
function playing(patienceMs?: number): Player {
  const player = new Player(patienceMs);
  player.listening.show("on-air");
  player.listening.start();
  player.plays(2);
  assert.equal(player.listening.phase, "playing");
  return player;
}

Deno.test("nothing is loaded before the listener presses play", () => {
  const player = new Player();
  player.listening.show("on-air");
  player.stands(60);
  assert.deepEqual([player.opened, player.phases], [0, []]);
});

Deno.test("a show is waited for, and played once it can be heard", () => {
  const player = new Player();
  player.listening.start();
  player.stands(60);
  player.listening.show("starting");
  player.stands(2);
  assert.deepEqual([player.opened, player.phases], [0, ["waiting"]]);
  player.listening.show("on-air");
  player.plays(1);
  assert.deepEqual([player.opened, player.phases], [1, ["waiting", "connecting", "playing"]]);
});

Deno.test("where there is nothing to play yet, the element is made ready while play is pressed", () => {
  for (const state of ["off-air", "starting", undefined]) {
    const player = new Player();
    player.listening.show(state);
    player.listening.start();
    assert.deepEqual([player.audio.loads, player.opened], [1, 0], state);
  }
  assert.equal(playing().audio.loads, 0);
});

Deno.test("what was stopped stays silent and loads nothing", () => {
  const player = playing();
  player.listening.stop();
  player.stands(60);
  player.listening.show("off-air");
  player.listening.show("on-air");
  assert.deepEqual([player.opened, player.open, player.listening.phase], [1, 0, "stopped"]);
});

Deno.test("after a pause by the headphones or the lock screen, play comes back to live", () => {
  const player = playing();
  player.audio.pause();
  const { listening } = player;
  assert.deepEqual([listening.phase, listening.wanted, player.resting], ["paused", false, 1]);
  player.stands(60);
  // It stays in the element, so that the lock screen has something to go on with.
  assert.deepEqual([player.opened, player.open], [1, 1]);
  listening.start();
  assert.deepEqual([player.opened, player.open, player.audio.paused], [2, 1, false]);
  player.plays(2);
  assert.equal(listening.phase, "playing");
});

Deno.test("a player that fails during a pause is let go", () => {
  const player = playing();
  player.listening.pause();
  player.fails();
  player.stands(60);
  assert.deepEqual([player.open, player.listening.phase], [0, "paused"]);
  player.listening.stop();
  assert.deepEqual(player.events, []);
});

Deno.test("when the sound stops for lack of audio, that is told once", () => {
  const player = playing();
  player.audio.dispatchEvent(new Event("waiting"));
  player.stands(1);
  player.audio.dispatchEvent(new Event("waiting"));
  assert.deepEqual(player.events, ["stall"]);
  player.plays(2);
  player.stands(3);
  assert.deepEqual(player.events, ["stall", "stall"], "some browsers do not tell it");
  player.stands(10);
  assert.deepEqual(player.events, ["stall", "stall", "fail"]);
});

Deno.test("before it has sounded, and once the show is over, nothing stalls", () => {
  const player = new Player();
  player.listening.show("on-air");
  player.listening.start();
  player.audio.dispatchEvent(new Event("waiting"));
  player.plays(2);
  player.listening.show("off-air");
  player.audio.dispatchEvent(new Event("waiting"));
  player.stands(10);
  assert.deepEqual(player.events, []);
});

Deno.test("what is to be heard instead is opened at once", () => {
  const player = playing();
  player.listening.reopen();
  assert.deepEqual([player.opened, player.open, player.events], [2, 1, []]);
  player.listening.stop();
  player.listening.reopen();
  assert.deepEqual([player.opened, player.open], [2, 0]);
});

Deno.test("after the end it waits, and plays the next show by itself", () => {
  const player = playing();
  player.ends();
  assert.deepEqual([player.open, player.listening.phase], [0, "waiting"]);
  // What was known before the end must not have it heard again.
  player.stands(5);
  assert.equal(player.opened, 1);
  player.listening.show("off-air");
  player.stands(600);
  player.listening.show("on-air");
  player.plays(1);
  assert.deepEqual([player.opened, player.listening.phase], [2, "playing"]);
});

Deno.test("while the DJ or the server is away or has just come back, what is loaded stays loaded", () => {
  for (const state of ["reconnecting", "starting", undefined]) {
    const player = playing();
    player.listening.show(state);
    player.stands(60);
    assert.deepEqual([player.opened, player.listening.phase], [1, "connecting"]);
    player.listening.show("on-air");
    player.stands(3);
    player.plays(1);
    assert.deepEqual([player.opened, player.listening.phase], [1, "playing"]);
  }
});

Deno.test("when a show is over, what is loaded is played, and then let go", () => {
  const player = playing();
  player.listening.show("off-air");
  player.plays(10);
  assert.equal(player.open, 1);
  player.stands(5);
  assert.deepEqual([player.open, player.listening.phase], [0, "waiting"]);
});

Deno.test("what stands still although the show goes on is opened anew", () => {
  const player = playing();
  player.stands(20);
  assert.ok(player.opened >= 2);
  player.plays(3);
  assert.equal(player.listening.phase, "playing");
});

Deno.test("what is nudged, falls back or jumps does not play, and is opened anew", () => {
  const moves = {
    "nudged": (player: Player) => player.isMoved(20, () => 0.1, "seeking"),
    "crawling": (player: Player) => player.isMoved(20, () => 0.1),
    "to and fro": (player: Player) => player.isMoved(20, (second) => second % 2 === 0 ? -0.9 : 0.9),
    "leaping": (player: Player) => player.isMoved(20, (second) => second % 4 === 3 ? 4 : 0),
  };
  for (const [how, move] of Object.entries(moves)) {
    const player = playing();
    move(player);
    assert.ok(player.opened >= 2, how);
    assert.equal(player.phases.at(-1), "connecting", how);
  }
});

Deno.test("what plays a little faster or slower, or is looked at rarely, plays", () => {
  for (const speed of [0.9, 1, 1.1]) {
    const player = playing();
    player.isMoved(20, () => speed);
    assert.deepEqual([player.opened, player.listening.phase], [1, "playing"], `${speed}`);
  }
});

Deno.test("an engine that takes longer until it plays is waited for", () => {
  const player = playing(26_000);
  player.stands(20);
  assert.equal(player.opened, 1);
  player.stands(10);
  assert.ok(player.opened > 1);
});

Deno.test("failures are tried again ever more slowly, and at once when the network is back", () => {
  const player = playing();
  for (let i = 0; i < 600; i++) {
    if (player.open > 0) player.fails();
    player.stands(1);
  }
  assert.ok(player.opened > 30 && player.opened < 70, `opened ${player.opened} times`);
  if (player.open > 0) player.fails();
  const before = player.opened;
  player.listening.wake();
  assert.equal(player.opened, before + 1);
  player.plays(15);
  player.fails();
  player.stands(1);
  assert.equal(player.opened, before + 2);
  assert.equal(player.open, 1);
});

Deno.test("where the browser refuses to play, it asks to press play again", async () => {
  const player = new Player();
  player.audio.refusal = new DOMException("not allowed", "NotAllowedError");
  player.listening.show("on-air");
  player.listening.start();
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual([player.listening.phase, player.open], ["blocked", 0]);
  player.audio.refusal = undefined;
  player.listening.start();
  player.plays(1);
  assert.equal(player.listening.phase, "playing");
});

Deno.test("another element takes over what is heard", () => {
  const player = playing();
  const other = new FakeAudio();
  player.listening.replace(other as unknown as HTMLAudioElement);
  assert.deepEqual([player.opened, player.open, other.paused], [2, 1, false]);
  // The old one has no say any more.
  player.audio.dispatchEvent(new Event("error"));
  assert.equal(player.open, 1);
});
