/** A DJ whose encoder comes back whenever its connection is gone, to whichever box it reaches. */
import type { OwningBox } from "./owning_box.ts";
import type { OwningFleet } from "./owning_boxes.ts";

export interface ModelDjOptions {
  readonly fleet: OwningFleet;
  readonly name: string;
  /** A key; none where anybody may publish. */
  readonly key?: string | undefined;
  readonly address?: string;
  /** Chooses among so many boxes. */
  readonly choose: (count: number) => number;
  /** Whether he comes back to where another one has taken his place. */
  readonly isStubborn?: boolean;
}

/** One encoder, with the loop around it. */
export class ModelDj {
  readonly #options: ModelDjOptions;
  /** Where he publishes. */
  #box: OwningBox | undefined;
  #close: (() => void) | undefined;
  #isGone = false;
  /** Gives up a box that will not answer. */
  #lookAtQuestion: () => void = () => {};
  /** Since when his box answers nothing, in milliseconds. */
  #silentMs = 0;

  constructor(options: ModelDjOptions) {
    this.#options = options;
    this.#comeBack(0);
  }

  /** Where he publishes; `undefined` while he tries to. */
  get box(): OwningBox | undefined {
    return this.#box;
  }

  /** He goes to another box. */
  move(): void {
    this.#hangUp();
    this.#comeBack(AGAIN_MS);
  }

  /** He is gone for good. */
  leave(): void {
    this.#isGone = true;
    this.#hangUp();
  }

  /** To be called after each step. */
  look(stepMs: number): void {
    this.#lookAtQuestion();
    if (this.#box === undefined) return;
    this.#silentMs = this.#box.isStopped ? this.#silentMs + stepMs : 0;
    if (this.#silentMs > PATIENCE_MS) this.move();
  }

  #hangUp(): void {
    const [box, close] = [this.#box, this.#close];
    if (box === undefined || close === undefined) return;
    this.#box = this.#close = undefined;
    const { name, fleet } = this.#options;
    const { runs } = box;
    const tell = () => {
      // It hears of it once it goes on.
      if (box.isStopped) fleet.registryClock.after(AGAIN_MS, tell);
      else if (runs && box.runs) box.shows.hangUp(name, close);
    };
    tell();
  }

  #comeBack(afterMs: number): void {
    if (this.#isGone) return;
    this.#options.fleet.registryClock.after(afterMs, () => void this.#connect());
  }

  async #connect(): Promise<void> {
    const { fleet, name, key, address = "192.0.2.7", choose, isStubborn = true } = this.#options;
    const boxes = fleet.boxes.filter((box) => box.runs && !box.isStopped);
    const box = boxes[choose(boxes.length)];
    if (this.#isGone || this.#box !== undefined) return;
    if (box === undefined) return this.#comeBack(AGAIN_MS);
    let isClosed = false;
    const onClosed = () => {
      isClosed = true;
      if (this.#close !== onClosed) return;
      this.#box = this.#close = undefined;
      if (isStubborn) this.#comeBack(AGAIN_MS);
    };
    const tokens = key === undefined ? [] : [key];
    const wish = { name, protocol: "rtmp" as const, address, shown: { tokens, approved: false } };
    const { clock: run } = box;
    const giveUp = () => {
      late.cancel();
      if (!isOpen()) return;
      this.#lookAtQuestion = () => {};
      this.#comeBack(AGAIN_MS);
    };
    const late = fleet.registryClock.after(LATE_MS, giveUp);
    // Its process was killed.
    const lookAtQuestion = () => {
      if (!box.runs || box.clock !== run) giveUp();
    };
    const isOpen = () => this.#lookAtQuestion === lookAtQuestion;
    this.#lookAtQuestion = lookAtQuestion;
    try {
      await box.publish(wish, onClosed);
      if (!isOpen() || this.#isGone) {
        if (box.runs) box.shows.hangUp(name, onClosed);
        return;
      }
      late.cancel();
      this.#lookAtQuestion = () => {};
      this.#box = box;
      this.#close = onClosed;
      if (isClosed) onClosed();
    } catch {
      giveUp();
    }
  }
}

const AGAIN_MS = 1000;
/** A box that stands still is given up after this. */
const PATIENCE_MS = 3000;
/** So is one that does not decide. */
const LATE_MS = 12_000;
