/** Fallback files of a running server: read at its start, and again on SIGHUP. */
import { getLogger } from "@logtape/logtape";
import type { ReadFallbacks } from "../fallback/fallback_files.ts";
import type { Core } from "./core.ts";
import type { Reload } from "./reload.ts";

/**
 * Reads the files. One that cannot be used keeps nobody from the air: the log and the health tell of
 * it.
 * @returns what reads them again
 */
export async function startFallback(
  { config, fallbacks, health }: Pick<Core, "config" | "fallbacks" | "health">,
): Promise<Reload> {
  const use = (read: ReadFallbacks) => {
    fallbacks.use(read);
    for (const problem of read.problems) logger.error("{problem}", { problem });
  };
  use(await fallbacks.read(config.fallback));
  health.add("fallback", () => fallbacks.problems);
  return async ({ fallback }) => {
    const read = await fallbacks.read(fallback);
    return () => use(read);
  };
}

const logger = getLogger(["echo", "fallback"]);
