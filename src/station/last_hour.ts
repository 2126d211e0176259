/** Where the plots of the last hour are kept, so that they go on after a restart. */
import type { History } from "../stat/live/history.ts";
import { HistoryFile } from "../stat/live/history_file.ts";
import type { Core } from "./core.ts";

/** Its name in the folder of the first output that there is; hidden, as other files of Echo's are. */
const FILE = ".last-hour.json";

/**
 * Keeps `history` in a file until the server stops. Nothing waits for the file to be read.
 * @param onRestored called when what was kept is in `history`
 */
export function keepLastHour(core: Core, history: History, onRestored: () => void): void {
  const { config: { hls, record }, clock, stops } = core;
  const output = [hls, record].find(({ enabled }) => enabled);
  if (output === undefined) return;
  const file = new HistoryFile({ clock, history, path: `${output.rootDir}/${FILE}` });
  void file.restored.then(onRestored);
  stops.add(() => file.close());
}
