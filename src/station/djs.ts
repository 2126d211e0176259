/** The DJs of a running server: their file is read again when it changes, and who is removed ends. */
import { getLogger } from "@logtape/logtape";
import { FileWatch } from "../disk/file_watch.ts";
import { isOpenToOthers, readDjs } from "../dj/dj_file.ts";
import { changedDjs, DjError, type DjList } from "../dj/dj_list.ts";
import { DJ_REMOVED_REASON } from "../session/reason.ts";
import type { Core } from "./core.ts";
import { applyNothing, type Reload } from "./reload.ts";

const logger = getLogger(["echo", "dj"]);

/** What DJs have to do with. */
export type DjParts = Pick<
  Core,
  "config" | "clock" | "stops" | "sessions" | "keys" | "djs" | "health"
>;

/**
 * Lets the DJs in, where the mode is that. To be called before there are doors.
 * @returns what reads their file again
 * @throws {DjError} where the file cannot be used
 */
export async function startDjs(parts: DjParts): Promise<Reload> {
  const { config: { auth }, clock, stops, djs, health } = parts;
  if (auth.mode !== "dj" || auth.djFile === undefined) return applyNothing;
  let file = auth.djFile;
  let problem: string | undefined;
  putIntoForce(await read(file), parts);
  const watch = new FileWatch(clock, file, async (changed) => {
    if (changed) {
      try {
        putIntoForce(await read(file), parts);
        problem = undefined;
      } catch (error) {
        if (!(error instanceof DjError)) throw error;
        problem = error.message;
        logger.error("The DJs stay those of before: {problem}", { problem });
      }
    }
    // A DJ may have been let in while another list came into force.
    endOthers(parts);
  });
  stops.add(() => watch.close(), () => djs.close());
  health.add("dj", () => [problem]);
  return async ({ auth: { djFile = file } }) => {
    const list = await read(djFile);
    return () => {
      file = djFile;
      problem = undefined;
      watch.follow(file);
      putIntoForce(list, parts);
    };
  };
}

async function read(file: string): Promise<DjList> {
  const list = await readDjs(file);
  if (await isOpenToOthers(file)) {
    logger.warn("Others than its owner may read {file}: chmod 600 ends that", { file });
  }
  return list;
}

/** Keys that were given to a DJ whose line has changed do not count any more. */
function putIntoForce(list: DjList, parts: DjParts): void {
  const { djs, keys } = parts;
  const changed = changedDjs(djs.list, list);
  if (changed.size === 0) return;
  keys.revoke(changed);
  djs.replace(list);
  logger.info("DJs who may publish: {count}; new, changed or gone: {changed}", {
    count: list.size,
    changed: changed.size,
  });
  endOthers(parts);
}

/** Ends what DJs publish who may not. */
function endOthers({ djs, sessions }: DjParts): void {
  for (const session of sessions.sessions) {
    const { name, id, props: { dj } } = session;
    if (dj === undefined || djs.mayPublish(dj, name)) continue;
    logger.info("{dj} may not publish it any more", { dj, name, id });
    session.end("teardown", DJ_REMOVED_REASON);
  }
}
