/** Gives memory that nobody uses back to the system: malloc keeps what a flood of connections took. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../session/clock.ts";
import { Libc } from "./libc.ts";
import type { Stop } from "./stops.ts";

const logger = getLogger(["echo"]);

/**
 * After 1000 sessions with SRT ports of their own, a call takes 3 to 10 ms and gives 30 to 70 MB
 * back. After a minute without such, it takes less than one.
 */
const EVERY_MS = 60_000;

/**
 * Trims memory once a minute from now on.
 * @param open opens what can do it; where it throws, memory stays as it is
 */
export function trimMemory(
  clock: Pick<Clock, "every">,
  open: () => Pick<Libc, "trimMemory"> & Disposable = () => new Libc(),
): Stop {
  if (Deno.build.os !== "linux") return () => {};
  try {
    const libc = open();
    const timer = clock.every(EVERY_MS, () => libc.trimMemory());
    return () => {
      timer.cancel();
      libc[Symbol.dispose]();
    };
  } catch (error) {
    logger.warn("Cannot give memory back to the system: {error}", { error: String(error) });
    return () => {};
  }
}
