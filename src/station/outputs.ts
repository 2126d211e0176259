/** The outputs: what becomes of each broadcast, a recording and an HLS stream. */
import { FolderWatch } from "../disk/folder_watch.ts";
import { Hls } from "../hls/hls.ts";
import { LowPlaces } from "../hls/low_latency/low_places.ts";
import { LEAST_SEGMENTS } from "../hls/low_latency/low_window.ts";
import type { OtherBoxes } from "../hls/other_boxes.ts";
import { StateFiles } from "../hls/name_states.ts";
import { ProgressiveStreams, type StreamSource } from "../hls/progressive/progressive_streams.ts";
import { loadPreroll, NO_PREROLL, type Preroll } from "../hls/preroll.ts";
import { HlsFolder } from "../hls/stream_files.ts";
import { Shows, type ShowsSource } from "../pages/listener/shows.ts";
import { Catalogue } from "../record/catalogue.ts";
import { RecordFolder } from "../record/record_folder.ts";
import { Recorder } from "../record/recorder.ts";
import { Rewinds } from "../record/rewind/rewinds.ts";
import { failingRecordings, type HealthPart } from "../stat/health.ts";
import type { Metrics } from "../stat/metrics/metrics.ts";
import type { Core } from "./core.ts";
import type { Reload } from "./reload.ts";
import { startStorage, type Storage } from "./storage.ts";

/** The output that records. */
export interface Archive {
  readonly recorder: Recorder;
  readonly catalogue: Catalogue;
  /** The shows that may be rewound; `undefined` where none may. */
  readonly rewinds: Rewinds | undefined;
  /** Where recordings go; `undefined` where they stay on the disk. */
  readonly storage: Storage | undefined;
  /** Applies what is kept of finished recordings. */
  readonly reload: Reload;
}

/** Starts the recorder. @returns `undefined` where nothing is to be recorded */
export function startArchive(core: Core): Archive | undefined {
  const { clock, stops, events, sessions, health } = core;
  const { record, fallback } = core.config;
  if (!record.enabled) return undefined;
  const folder = new RecordFolder(record.rootDir);
  const rewinds = startRewinds(core);
  // Before the recorder, so that it stops after it.
  const storage = startStorage(core, folder, (identity) => rewinds?.holds(identity) ?? false);
  const recorder = new Recorder({
    clock,
    events,
    folder,
    append: record.append,
    recordsFallback: fallback.isRecorded,
    rules: { maxAgeMs: record.maxAgeMs, maxBytes: record.maxBytes },
    index: rewinds?.index,
    onRemoved: rewinds?.removed,
    mayRemove: storage && ((file) => storage.uploader.mayRemove(file)),
  });
  watch(core, "record", record.rootDir, "broadcasts are not recorded");
  health.add("record", failingRecordings(events, (id) => sessions.get(id) !== undefined));
  sessions.addOutput(recorder.output);
  stops.add(() => recorder.stop());
  return {
    recorder,
    catalogue: new Catalogue(folder, recorder, storage?.recordings),
    rewinds,
    storage,
    reload: ({ record: { maxAgeMs, maxBytes } }) => () => {
      recorder.rules = { maxAgeMs, maxBytes };
    },
  };
}

function startRewinds({ config, clock, stops }: Core): Rewinds | undefined {
  const { hls, record } = config;
  if (!hls.enabled || !hls.webEnabled || hls.rewindMs === 0) return undefined;
  const rewinds = new Rewinds({ clock, path: record.rootDir, boundMs: hls.rewindMs });
  stops.add(() => rewinds.close());
  return rewinds;
}

/** The output that makes HLS, and what its web server needs. */
export interface HlsOutput {
  readonly hls: Hls;
  readonly folder: HlsFolder;
  readonly preroll: Preroll;
  /** `undefined` where there are to be none. */
  readonly streams: ProgressiveStreams | undefined;
  /** What listeners are told of broadcasts. */
  readonly shows: Shows;
  /** See {@link Archive}. */
  readonly rewinds: Rewinds | undefined;
}

/** What listeners of this box hear, other boxes' broadcasts included. */
export interface HeardOutput extends Omit<HlsOutput, "streams" | "shows"> {
  /** `undefined` where there are to be none. */
  readonly streams: StreamSource | undefined;
  readonly shows: ShowsHeard;
}

/** What listeners are told of broadcasts. */
export type ShowsHeard = ShowsSource & Pick<Shows, "watchEnds">;

/**
 * Opens the HLS output. Who calls it has to have `hls` stopped.
 * @param fleet the other boxes; `undefined` where the server is alone
 * @returns `undefined` where there is to be no HLS
 */
export async function openHls(
  core: Core,
  metrics: Metrics,
  rewinds: Rewinds | undefined,
  fleet?: OtherBoxes,
): Promise<HlsOutput | undefined> {
  const { clock, stops, events, sessions, listeners } = core;
  const { hls } = core.config;
  if (!hls.enabled) return undefined;
  const folder = new HlsFolder(hls.rootDir, clock);
  await folder.open();
  watch(core, "hls", hls.rootDir, undefined);
  const preroll = hls.prerollDir === undefined
    ? NO_PREROLL
    : await loadPreroll(hls.prerollDir, hls.auth === "jwt");
  const lowPlaces = new LowPlaces(clock);
  const shows = new Shows({
    clock,
    events,
    find: (name) => sessions.find(name),
    listeners: (name) => listeners.count(name),
    earliest: (name) => rewinds?.earliest(name),
    ...hls.lowLatency && { lowLatencyFrom: LEAST_SEGMENTS },
    artworkUrl: hls.artworkUrl,
    hasLowPlace: (name) => {
      return lowPlaces.isOffered(name) && (output.find(name)?.low.isOffered ?? true);
    },
  });
  stops.add(() => shows.close());
  const output = await Hls.open({
    clock,
    events,
    targetMs: hls.targetDurationMs,
    folder,
    states: new StateFiles(folder),
    preroll,
    onListed: (name, file, lateMs) => {
      listeners.listed(name, file);
      metrics.segmentListed(lateMs);
      shows.listed(name);
    },
    id3: hls.id3,
    lowPlaces,
    fleet,
    onTags: (name, tags) => shows.tagged(name, tags),
    countListeners: hls.webEnabled ? (name) => listeners.count(name) : undefined,
  });
  await rewinds?.open((name) => output.find(name)?.presentation);
  sessions.addOutput(output.output);
  return { hls: output, folder, preroll, streams: startStreams(core, output), shows, rewinds };
}

function startStreams({ config, clock, stops, sessions }: Core, hls: Hls) {
  if (!config.hls.streamEnabled || !config.hls.webEnabled) return undefined;
  const recent = (name: string) => hls.find(name)?.recent;
  const streams = new ProgressiveStreams({ clock, recent });
  sessions.addOutput(streams.output);
  stops.add(() => streams.close());
  return streams;
}

function watch(
  core: Core,
  part: HealthPart,
  path: string,
  consequence: string | undefined,
): void {
  const watch = new FolderWatch(core.clock, { path, consequence });
  core.health.add(part, () => [watch.problem]);
  core.stops.add(() => watch.close());
}
