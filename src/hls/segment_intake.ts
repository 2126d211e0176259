/** How a stream takes its segments in: each is named, kept, and listed in its format. */
import type { Clock } from "../session/clock.ts";
import { formatOf } from "./formats.ts";
import type { HandedWindow } from "./handed_window.ts";
import type { NumbersAhead } from "./numbers_ahead.ts";
import type { MediaPlaylist, SegmentEntry } from "./playlist.ts";
import type { Publishers } from "./publishers.ts";
import { foundSegment, listedSegments, segmentOnDisk } from "./segment.ts";
import type { SegmentLabel, SegmentLabels } from "./segment_labels.ts";
import { makerOf, type SegmentMaker, segmentName, type StreamMaker } from "./segment_name.ts";
import type { CutSegment } from "./segmenter.ts";
import type { Shelf } from "./shelf.ts";
import type { SilentSegment } from "./silent_end.ts";
import type { Numbering } from "./window.ts";

export interface SegmentIntakeOptions {
  readonly clock: Pick<Clock, "awake">;
  readonly labels: SegmentLabels;
  readonly shelf: Pick<Shelf, "keep" | "get" | "put" | "retire">;
  readonly publishers: Publishers;
  /** This box, and when it owns the name; `undefined` where there is one box. */
  readonly maker: StreamMaker | undefined;
  /** Told of numbers before they are listed. */
  readonly numbersAhead: Pick<NumbersAhead, "cover"> | undefined;
}

/** Takes in what sessions, the preroll and an earlier run bring. */
export class SegmentIntake {
  readonly #options: SegmentIntakeOptions;
  #longestMs = 0;

  constructor(options: SegmentIntakeOptions) {
    this.#options = options;
  }

  /** How long the longest segment lasts, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Where the numbering of what is not taken in so far begins. */
  get next(): Numbering {
    const { labels, publishers } = this.#options;
    const { discontinuitySequence } = publishers.main.next;
    return { mediaSequence: labels.next, discontinuitySequence };
  }

  /** Whose segments they are: after a restart, until the name is claimed, those of the time before. */
  get maker(): SegmentMaker | undefined {
    const { maker, publishers } = this.#options;
    if (maker === undefined) return undefined;
    const last = publishers.main.known.at(-1);
    const epoch = maker.epoch() ?? makerOf(last?.uri ?? "")?.epoch ?? 0;
    return { box: maker.box, epoch };
  }

  /** The next segment of a session. */
  take(cut: CutSegment): void {
    this.#list(cut, this.#options.labels.take(cut));
  }

  /**
   * What an earlier run or another box has listed: it is listed again.
   * @param silence what it goes on with
   * @param handed where it is another box's
   */
  restore(
    playlist: MediaPlaylist,
    silence: readonly SilentSegment[] = [],
    handed?: Pick<HandedWindow, "unlisted" | "listedAgoMs" | "sizes">,
  ): void {
    const { shelf, labels, publishers } = this.#options;
    const segments = listedSegments(playlist, handed?.sizes);
    for (const ours of segments.filter(({ uri }) => formatOf(uri))) shelf.put(ours);
    labels.resume(playlist.mediaSequence + segments.length, segments.at(-1));
    publishers.restore(playlist, segments, handed);
    for (const { label, cut } of silence) this.#list(cut, labels.takeUp(label, cut));
    if (handed !== undefined) this.coverNumbers();
  }

  /** Has the numbers told of what is taken in so far. */
  coverNumbers(): void {
    const { numbersAhead, labels } = this.#options;
    numbersAhead?.cover(this.next, labels.endsAtMs);
  }

  /** Segments that no playlist lists, by their files. */
  putOrphans(files: readonly string[], goesAt: number): void {
    const { shelf } = this.#options;
    const orphans = files.filter((file) => shelf.get(file) === undefined).map(foundSegment);
    for (const segment of orphans) shelf.put(segment);
    shelf.retire(orphans, goesAt);
  }

  /** The preroll: all of it is in one version. */
  takePreroll(entries: readonly SegmentEntry[]): void {
    const { clock, labels, publishers } = this.#options;
    const now = clock.awake();
    const segments = entries.map((entry) => {
      this.#measure(entry.durationUs);
      return segmentOnDisk({ ...entry, sequence: labels.takeNumber() }, now);
    });
    publishers.add(segments);
    this.coverNumbers();
  }

  #list({ packages, durationUs }: CutSegment, label: SegmentLabel): void {
    const { clock, shelf, publishers } = this.#options;
    this.#measure(durationUs);
    const { maker } = this;
    for (const [i, bytes] of packages.entries()) {
      const publisher = publishers.all[i];
      if (publisher === undefined) continue;
      const uri = segmentName(label.sequence, label.wallMs, publisher.format.extension, maker);
      const entry = { ...label, uri, durationUs };
      publisher.add(shelf.keep(entry, bytes, clock.awake()));
    }
    this.coverNumbers();
  }

  #measure(durationUs: number): void {
    this.#longestMs = Math.max(this.#longestMs, durationUs / 1000);
  }
}
