/**
 * What this box knows of its fleet, without asking anybody: what the last beats said, kept while the
 * registry is gone.
 *
 * @module
 */
import type { KnownBox, NameRecord, Ownership } from "./registry.ts";

/** The fleet as this box knows it. */
export interface FleetView {
  /** This box's id. */
  readonly box: string;
  /** All boxes that are alive for all that is known, this one among them. */
  readonly boxes: readonly KnownBox[];
  /** What is known of a name; `undefined` where nothing is. */
  find(name: string): NameRecord | undefined;
  /**
   * The box that serves a name that this box does not own: that of its record, or of whoever made a
   * segment of it. `undefined` where it is this one, or none that is alive.
   */
  ownerOf(name: string): KnownBox | undefined;
  /** The box with this id; `undefined` where it is not alive. */
  boxOf(id: string): KnownBox | undefined;
  /**
   * The box with this id, also where it is not alive any more: it may only have lost the registry, and
   * go on. `undefined` where it was never heard of, or not for an hour.
   */
  placeOf(id: string): KnownBox | undefined;
  /** Calls back after each change of a name or of the boxes. */
  onChange(changed: (change: FleetChange) => void): void;
}

/** What has changed. */
export interface FleetChange {
  /** Names whose record changed, or that are gone. */
  readonly names: readonly string[];
  /** Names of this box that another one has at a higher epoch: this one has to let them go. */
  readonly lost: readonly string[];
  /** Whether a box came, went, or changed its state. */
  readonly boxes: boolean;
}

/** Whether two owners are the same one. */
export function isSameOwner(a: Ownership, b: Ownership): boolean {
  return a.box === b.box && a.incarnation === b.incarnation && a.epoch === b.epoch;
}
