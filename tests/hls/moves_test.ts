/** A broadcast that moves between boxes, some of which die, in whatever order. */
import assert from "node:assert/strict";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { Random } from "../../testing/fuzz/random.ts";
import { Box, SECOND, startBoxes } from "../../testing/hls/box.ts";
import { MovingPlayer } from "../../testing/hls/moving_player.ts";

const BOXES = ["a1", "b2", "c3"];
const STEPS = 12;

/** Boxes, the one that has the broadcast, and a player of whichever that is. */
class MovingShow {
  readonly player = new MovingPlayer();
  readonly #clock = new FakeClock();
  readonly #random: Random;
  #boxes: Box[] = [];
  #owner: Box | undefined;
  #ingest: AdmittedIngest | undefined;
  #epoch = 1;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  async start(): Promise<void> {
    this.#boxes = await startBoxes(BOXES, { clock: this.#clock });
    [this.#owner] = this.#boxes;
    await this.play(16 * SECOND);
  }

  /** So many frames come to the box that has it. */
  async play(frames: number): Promise<void> {
    const owner = this.#owner;
    assert.ok(owner);
    this.#ingest ??= owner.publish();
    await owner.send(this.#ingest, frames, async () => {
      // What the box before listed last would be repeated here until there is something.
      if (owner.hls.find("demo")?.playlist() !== undefined) await this.player.look(owner);
    });
  }

  /** What happens next, and some seconds after it. */
  async step(): Promise<string> {
    const what = this.#random.pick(["move", "freeze", "die", "return", "play"]);
    if (what === "move") await this.#move();
    else if (what === "freeze") await this.#freeze();
    else if (what === "die") await this.#die();
    else if (what === "return") await this.#return();
    await this.play(this.#random.below(4 * SECOND) + 1);
    this.player.exceptions.clear();
    return what;
  }

  async stop(): Promise<void> {
    for (const box of this.#boxes) await box.stop();
  }

  /** Another box takes it over, from whoever has it. */
  async #move(): Promise<void> {
    const from = this.#owner;
    const to = this.#random.pick(this.#boxes.filter((box) => box !== from));
    const handed = from?.hls.handOver("demo");
    assert.ok(handed);
    from?.letGo();
    to.epoch = ++this.#epoch;
    to.hls.takeOver("demo", JSON.parse(JSON.stringify(handed)));
    this.#owner = to;
    this.#ingest = undefined;
    await this.player.look(to);
  }

  /** A box was about to take it over, and did not. */
  async #freeze(): Promise<void> {
    this.#owner?.hls.handOver("demo");
    this.player.exceptions.add("afterHold");
    await this.play(this.#random.below(3 * SECOND) + 1);
    this.#owner?.hls.thaw("demo");
  }

  /** Its box is gone, and is there again with its disk, without the broadcast. */
  async #die(): Promise<void> {
    const dead = this.#owner;
    assert.ok(dead);
    const { contents } = dead.folder;
    const numbers = dead.told.at(-1);
    assert.ok(numbers);
    const again = await Box.start(dead.id, { clock: this.#clock, contents });
    await dead.stop();
    this.#boxes = this.#boxes.map((box) => box === dead ? again : box);
    for (const box of this.#boxes) box.others = this.#boxes.filter((other) => other !== box);
    const [madeBy, to] = [
      { box: dead.id, epoch: dead.epoch ?? NaN },
      this.#random.pick(this.#boxes),
    ];
    if (to !== again) again.letGo();
    to.epoch = ++this.#epoch;
    to.hls.takeOver("demo", { kind: "numbers", ...numbers, madeBy, goesOn: true });
    this.#owner = to;
    this.#ingest = undefined;
    this.player.exceptions.add("serverDown");
    await this.play(2 * SECOND);
  }

  /** Its DJ is lost for longer than the box waits, and comes back to it. */
  async #return(): Promise<void> {
    this.player.exceptions.add("afterHold");
    const owner = this.#owner;
    assert.ok(owner);
    this.#ingest?.end("lost");
    for (let i = 0; i < 40; i++) {
      await this.#clock.advance(1000);
      await this.player.look(owner);
    }
    this.#ingest = undefined;
    await this.play(2 * SECOND);
  }
}

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`a player is shown one broadcast, whatever happens to its boxes (${seed})`, async () => {
    const show = new MovingShow(seed);
    await show.start();
    const happened: string[] = [];
    for (let i = 0; i < STEPS && show.player.breaches.length === 0; i++) {
      happened.push(await show.step());
    }
    assert.deepEqual(show.player.breaches, [], happened.join(", "));
    await show.stop();
  });
}
