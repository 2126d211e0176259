/**
 * Where boxes were last, also those of which the registry has not heard for a while: they may run.
 *
 * @module
 */
import type { FleetView } from "../fleet_view.ts";
import type { KnownBox, Ownership } from "../registry.ts";

/** Remembers boxes. */
export class LastSeen {
  readonly #view: Pick<FleetView, "boxes">;
  /** By id. */
  readonly #boxes = new Map<string, KnownBox>();

  constructor(view: Pick<FleetView, "boxes" | "onChange">) {
    this.#view = view;
    view.onChange(({ boxes }) => {
      if (boxes) this.#look();
    });
  }

  /** Where an owner was last; `undefined` where that is not known. */
  of({ box: id, incarnation }: Ownership): KnownBox | undefined {
    this.#look();
    const box = this.#boxes.get(id);
    return box?.incarnation === incarnation ? box : undefined;
  }

  #look(): void {
    for (const box of this.#view.boxes) this.#boxes.set(box.id, box);
  }
}
