/** A fleet as a box knows it, which tests change by hand. */
import type { FleetChange, FleetView } from "../../src/fleet/fleet_view.ts";
import type { KnownBox, NameRecord } from "../../src/fleet/registry.ts";
import type { BoxPlace } from "../../src/fleet/links/box_links.ts";

/** What one box knows. */
export class FakeView implements FleetView {
  readonly box: string;
  readonly #boxes = new Map<string, KnownBox>();
  /** Those that are not alive any more among them. */
  readonly #places = new Map<string, KnownBox>();
  readonly #names = new Map<string, NameRecord>();
  readonly #watchers: ((change: FleetChange) => void)[] = [];

  constructor(box: string) {
    this.box = box;
  }

  get boxes(): readonly KnownBox[] {
    return [...this.#boxes.values()];
  }

  find(name: string): NameRecord | undefined {
    return this.#names.get(name);
  }

  ownerOf(name: string): KnownBox | undefined {
    const { box } = this.#names.get(name) ?? {};
    return box === undefined || box === this.box ? undefined : this.boxOf(box);
  }

  boxOf(id: string): KnownBox | undefined {
    return this.#boxes.get(id);
  }

  placeOf(id: string): KnownBox | undefined {
    return this.#places.get(id);
  }

  onChange(changed: (change: FleetChange) => void): void {
    this.#watchers.push(changed);
  }

  /** The box at `place` is alive. */
  meet(place: BoxPlace): void {
    const box: KnownBox = {
      ...place,
      publicAddress: { ip: "127.0.0.1", ports: {} },
      load: { sessions: 0, listeners: 0, cpu: 0, residentBytes: 0 },
      state: "open",
      alike: "",
      version: "test",
      ageMs: 0,
    };
    this.#boxes.set(box.id, box);
    this.#places.set(box.id, box);
    this.#tell({ names: [], lost: [], boxes: true });
  }

  /** The box is not alive, for all that is known. */
  miss(id: string): void {
    this.#boxes.delete(id);
    this.#tell({ names: [], lost: [], boxes: true });
  }

  /** The name is at that box. */
  give(name: string, box: string, more: Partial<NameRecord> = {}): void {
    const epoch = (this.#names.get(name)?.epoch ?? 0) + 1;
    this.#names.set(name, {
      ...{ name, box, incarnation: `run-of-${box}`, epoch, sessionId: 1, state: "live" },
      ...{ mediaSequence: 0, discontinuitySequence: 0, endsAtMs: 0, toldAtMs: 0, props: {} },
      ...{ createdAtMs: 0, holdMs: 30_000, ...more },
    });
    this.#tell({ names: [name], lost: [], boxes: false });
  }

  /** Nothing is known of the name any more. */
  forget(name: string): void {
    this.#names.delete(name);
    this.#tell({ names: [name], lost: [], boxes: false });
  }

  #tell(change: FleetChange): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}
