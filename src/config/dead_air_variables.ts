/** The part of the configuration's table that says from when on a broadcast is dead air. */
import { dbfs, seconds } from "./kinds.ts";
import { variable } from "./variable.ts";

/** Environment variables of dead air. */
export const DEAD_AIR_VARIABLES = {
  /** 0: off. */
  afterMs: variable(
    "DEAD_AIR_AFTER",
    seconds({ min: 0 }),
    "20",
    "how long a source may be below DEAD_AIR_LEVEL until it is dead air. 0: it never is",
  ),
  belowDb: variable(
    "DEAD_AIR_LEVEL",
    dbfs({ min: -100, max: 0 }),
    "-45",
    "the level (estimate) in dBFS below which nothing is to be heard",
  ),
};
