/** The part of the configuration's table that recordings have. */
import { boolean, integer, path, seconds } from "./kinds.ts";
import { reloadable, variable } from "./variable.ts";

const TEN_YEARS_S = 315_360_000;

/** Environment variables of recordings. */
export const RECORD_VARIABLES = {
  enabled: variable("RECORD_ENABLED", boolean, "1", "record every broadcast as MP4"),
  rootDir: variable("RECORD_ROOT_DIR", path, "./output/record", "where recordings go"),
  append: variable(
    "RECORD_APPEND",
    boolean,
    "0",
    "1: a later session of a name continues its recording",
  ),
  /** 0: off. */
  maxAgeMs: reloadable(variable(
    "RECORD_MAX_AGE",
    seconds({ min: 0, max: TEN_YEARS_S }),
    "0",
    "finished recordings that are older than this are deleted. 0: off",
  )),
  /** 0: off. */
  maxBytes: reloadable(variable(
    "RECORD_MAX_BYTES",
    integer({ min: 0 }),
    "0",
    "the oldest finished recordings are deleted while all together have more bytes. 0: off",
  )),
};
