/**
 * What low latency of a name needs of the broadcast.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import type { Clock } from "../../session/clock.ts";
import type { PlayedTags } from "../played_tags.ts";
import type { PlaylistPublisher } from "../playlist_publisher.ts";
import type { SegmentLabels } from "../segment_labels.ts";
import type { SegmentMaker } from "../segment_name.ts";
import type { Segmenter } from "../segmenter.ts";
import type { ShownOpen } from "../silent_end.ts";
import type { StreamFiles } from "../stream_files.ts";
import type { LowPlaces } from "./low_places.ts";
import type { LowPreroll } from "./low_preroll.ts";
import type { LowFile } from "./low_stream.ts";

/** How a broadcast stands. */
export interface LowSource {
  /** `undefined` while nobody sends. */
  readonly segmenter: Pick<Segmenter, "config" | "tap"> | undefined;
  /** That of what is heard, or was heard last; `undefined` where it is not known. */
  readonly config: AudioConfig | undefined;
  /** Whether nothing follows. */
  readonly ended: boolean;
  /** Whether players wait for it who have heard it of another box, which is gone. Default false. */
  readonly goesOn?: boolean;
}

export interface LowLatencyOptions {
  /** The broadcast's. */
  readonly name: string;
  readonly clock: Pick<Clock, "awake" | "after">;
  readonly files: Pick<StreamFiles, "readSegment">;
  readonly labels: Pick<SegmentLabels, "begin">;
  /** Keeps that players may have parts of these segments; resolves once that is done. */
  readonly showOpen: (shown: readonly ShownOpen[]) => Promise<void>;
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
  /** The preroll's segments in fragmented MP4. */
  readonly preroll: { readonly low: LowPreroll["segments"] };
  /** What there is as MPEG-TS. */
  readonly main: Pick<PlaylistPublisher, "known" | "numbering">;
  readonly played: Pick<PlayedTags, "at" | "since">;
  readonly source: () => LowSource;
  /** A version is out, with files that are new in it. */
  readonly onVersion: (files: readonly LowFile[]) => void;
  /** Shared with all other names. */
  readonly places: Pick<LowPlaces, "take" | "inTurn">;
  /** There is no place for it, or none any more. */
  readonly onRefused: () => void;
  /** Who makes it; there is one box by default. */
  readonly maker?: (() => SegmentMaker | undefined) | undefined;
}
