/** What serves shows that may be rewound, in whatever thread it is. */
import { SegmentUnavailable } from "../hls/origin.ts";
import { ArchivedFiles } from "../record/rewind/archived_files.ts";
import type { Rewinds } from "../record/rewind/rewinds.ts";
import type { RewindRoutesOptions } from "../record/rewind/routes.ts";
import { ShowCopies, type ShowCopiesOptions } from "../record/rewind/show_copies.ts";
import type { Core } from "./core.ts";
import type { HeardOutput } from "./outputs.ts";
import type { FilesElsewhere } from "./threads/elsewhere_questions.ts";
import type { RewindSettings } from "./threads/messages.ts";

/** Shows that may be rewound, and the files that they are in. */
export interface ServedRewind {
  readonly shows: ShowCopies;
  readonly files: ArchivedFiles;
}

/** Who makes it has to close its `shows`. */
export function newRewind(
  { path, boundMs }: RewindSettings,
  options: Omit<ShowCopiesOptions, "boundMs">,
): ServedRewind {
  return { shows: new ShowCopies({ ...options, boundMs }), files: new ArchivedFiles(path) };
}

/** The same in the thread that records. */
export function localRewind(
  rewinds: Pick<Rewinds, "news">,
  settings: RewindSettings,
  options: Omit<ShowCopiesOptions, "boundMs" | "ask">,
): ServedRewind {
  const rewind: ServedRewind = newRewind(settings, {
    ...options,
    ask: async (questions) => {
      // Who asks is not ready for the answers until this call has returned.
      await Promise.resolve();
      rewind.shows.take(questions.map((question) => rewinds.news(question)));
    },
  });
  return rewind;
}

/** How shows are rewound; `undefined` where they are not. */
export function rewindSettings(
  { config }: Pick<Core, "config">,
  output: Pick<HeardOutput, "rewinds">,
): RewindSettings | undefined {
  if (output.rewinds === undefined) return undefined;
  return { path: config.record.rootDir, boundMs: config.hls.rewindMs };
}

/** What other boxes have of shows, as routes are told of it; `undefined` where there are none. */
export function showsElsewhere(
  files: FilesElsewhere | undefined,
): RewindRoutesOptions["elsewhere"] {
  return files && (async (name, file) => {
    try {
      return await files.readElsewhere(name, file);
    } catch (error) {
      if (!(error instanceof SegmentUnavailable)) throw error;
      return "late";
    }
  });
}
