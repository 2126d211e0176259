/** What a box knows of the other boxes of its fleet. */
import { BOX_LIFE_MS, type KnownBox, type Ownership } from "./registry.ts";

/** The boxes of a fleet, as one of them knows them. Moments are on `Clock.monotonic`. */
export class KnownBoxes {
  #boxes = new Map<string, ToldBox>();
  /** Those that are gone. */
  readonly #gone = new Map<string, ToldBox>();
  /** Since when the registry has told without a gap; `undefined` while it tells nothing. */
  #toldSince: number | undefined;

  /** All of them, with how long ago each was heard by now. */
  at(now: number): readonly KnownBox[] {
    return Array.from(this.#boxes.values(), ({ box, at }) => {
      return { ...box, ageMs: box.ageMs + now - at };
    });
  }

  /** The one with this id, as it was told. */
  get(id: string): KnownBox | undefined {
    return this.#boxes.get(id)?.box;
  }

  /** The one with this id, also where it is gone, for an hour. */
  placeOf(id: string): KnownBox | undefined {
    return this.get(id) ?? this.#gone.get(id)?.box;
  }

  /** Whether the process runs that owns something. */
  isAlive({ box, incarnation }: Ownership): boolean {
    return this.get(box)?.incarnation === incarnation;
  }

  /** The registry tells nothing, or may have forgotten who is alive: all that is known stays known. */
  interrupted(): void {
    this.#toldSince = undefined;
  }

  /**
   * Takes what the registry tells. A box that is not in it is gone; but where the registry was gone
   * itself, boxes get as long to tell it of themselves as they may be silent.
   * @returns whether a box came, went, was started again or changed its state
   */
  take(boxes: readonly KnownBox[], now: number): boolean {
    this.#toldSince ??= now;
    const told = new Map(boxes.map((box) => [box.id, { box, at: now }]));
    if (now - this.#toldSince < BOX_LIFE_MS) {
      for (const [id, box] of this.#boxes) if (!told.has(id)) told.set(id, box);
    }
    const before = this.#boxes;
    this.#boxes = told;
    for (const [id, box] of before) if (!told.has(id)) this.#gone.set(id, box);
    for (const [id, { at }] of this.#gone) if (now - at > GONE_MS) this.#gone.delete(id);
    return before.size !== told.size ||
      boxes.some((box) => !isSameRun(before.get(box.id)?.box, box));
  }
}

interface ToldBox {
  readonly box: KnownBox;
  /** When it was told. */
  readonly at: number;
}

function isSameRun(before: KnownBox | undefined, now: KnownBox): boolean {
  return before?.incarnation === now.incarnation && before.state === now.state;
}

/** For how long it stays known where a box was. */
const GONE_MS = 3600 * 1000;
