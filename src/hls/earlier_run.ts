/**
 * What an earlier run of the server left of a broadcast on disk, read when the server starts.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../session/clock.ts";
import { type NameState, type NameStates, NOTHING_KEPT } from "./name_states.ts";
import type { SegmentFormat } from "./packager.ts";
import { type MediaPlaylist, restorePlaylist } from "./playlist.ts";
import { type ShownOpen, type SilentEnd, silentEnd } from "./silent_end.ts";
import { type HlsFolder, PLAYLIST_FILE, type StreamFiles } from "./stream_files.ts";
import type { EarlierRun } from "./stream_options.ts";
import { type Numbering, numbersBehind } from "./window.ts";

/** Where it is read, and how segments are to be now. */
export interface EarlierRunOptions {
  readonly clock: Pick<Clock, "now">;
  readonly folder: Pick<HlsFolder, "list" | "pathOf">;
  readonly states: Pick<NameStates, "load">;
  readonly files: Pick<StreamFiles, "readSegment">;
  readonly format: SegmentFormat;
  /** What segments aim at, in milliseconds. */
  readonly targetMs: number;
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
}

/** What is found of a name. */
export interface FoundRun {
  readonly state: NameState;
  /** Numbers that nothing has that was listed; `undefined` where nothing is known. */
  readonly numbering: Numbering | undefined;
  /** `undefined` where there is nothing to serve. */
  readonly run: EarlierRun | undefined;
}

/** Reads what is left of `name`. */
export async function readEarlierRun(name: string, options: EarlierRunOptions): Promise<FoundRun> {
  const { clock, folder, states, format, targetDuration } = options;
  const kept = await states.load(name);
  const { segments: files, playlist, ageMs } = await folder.list(name, clock.now());
  const window = playlist === undefined ? undefined : restorePlaylist(playlist, format.extension);
  if (playlist !== undefined && window === undefined) {
    const path = folder.pathOf(name, PLAYLIST_FILE);
    logger.warn("{path} is damaged, so the broadcast begins a new playlist", { path, name });
  }
  const numbering = highest(kept, window);
  const state = kept ?? NOT_KNOWN;
  if (files.length === 0 && window === undefined) return { state, numbering, run: undefined };
  const silence = await silenceBehind(window, kept?.shownOpen, options);
  const fits = kept?.written && window?.targetDuration === targetDuration && silence !== "unknown";
  const run = {
    playlist: fits ? window : undefined,
    ...{ files, ageMs, silence: silence === "unknown" ? undefined : silence },
  };
  return { state, numbering, run };
}

/** Numbers that nothing has that is known to have been listed; `undefined` where nothing is known. */
function highest(
  state: Numbering | undefined,
  playlist: MediaPlaylist | undefined,
): Numbering | undefined {
  if (playlist === undefined) return state;
  const next = numbersBehind(playlist);
  return {
    mediaSequence: Math.max(next.mediaSequence, state?.mediaSequence ?? 0),
    discontinuitySequence: Math.max(next.discontinuitySequence, state?.discontinuitySequence ?? 0),
  };
}

/** The silence that `window` goes on with, where players were shown more of it. */
async function silenceBehind(
  window: MediaPlaylist | undefined,
  shown: readonly ShownOpen[] = [],
  { files, format, targetMs }: EarlierRunOptions,
): Promise<SilentEnd | "unknown" | undefined> {
  const last = window?.segments.at(-1);
  if (window === undefined || last === undefined) return;
  const configs = shown.map(({ config }) => config);
  const next = window.mediaSequence + window.segments.length;
  const behind = shown.filter(({ sequence }) => sequence >= next);
  if (behind.length === 0) return { configs, segments: [] };
  if (window.ended || behind.some(({ sequence }, i) => sequence !== next + i)) return "unknown";
  // Nothing continues preroll, so its bytes are not needed.
  const bytes = last.wallMs === undefined ? NO_BYTES : await files.readSegment(last.uri);
  if (bytes === undefined) return "unknown";
  const segments = silentEnd(behind, bytes, { format, targetMs });
  const isAsShown = segments.every(({ label }, i) =>
    label.discontinuity === behind[i]?.discontinuity
  );
  return isAsShown ? { configs, segments } : "unknown";
}

/** The state of a name cannot be read: its playlist may lack what players were shown. */
const NOT_KNOWN: NameState = { ...NOTHING_KEPT, written: false };
const NO_BYTES = new Uint8Array();

const logger = getLogger(["echo", "hls"]);
