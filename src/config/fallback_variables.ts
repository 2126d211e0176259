/** The part of the configuration's table that tells what is heard instead of a DJ. */
import { boolean, path, seconds } from "./kinds.ts";
import { optional, reloadable, variable } from "./variable.ts";

/** Environment variables of fallback files. */
export const FALLBACK_VARIABLES = {
  file: reloadable(optional(
    "FALLBACK_FILE",
    path,
    "an AAC (ADTS) or MP3 file that is heard, looped, where a DJ is gone or silent; read again on " +
      "SIGHUP",
  )),
  dir: reloadable(optional(
    "FALLBACK_DIR",
    path,
    "a folder of files NAME.aac or NAME.mp3, each for the broadcast of that name",
  )),
  forMs: variable(
    "FALLBACK_FOR",
    seconds({ min: 1, max: 604_800 }),
    "3600",
    "how long it is heard at most; HLS_HOLD counts after that",
  ),
  isRecorded: variable(
    "RECORD_FALLBACK",
    boolean,
    "0",
    "1: recordings have what is heard of it. 0: they have silence there",
  ),
};
