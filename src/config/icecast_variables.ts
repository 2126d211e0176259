/** The part of the configuration's table that is about sources of Icecast and Shoutcast. */
import { address, boolean, integer, seconds } from "./kinds.ts";
import { reloadable, variable } from "./variable.ts";

/** Environment variables of the source port. */
export const ICECAST_VARIABLES = {
  enabled: variable(
    "ICECAST_ENABLED",
    boolean,
    "0",
    "1: a port for source clients of Icecast, as BUTT, Mixxx and Liquidsoap are",
  ),
  addr: variable("ICECAST_ADDR", address, "0.0.0.0:8000", "where sources of Icecast come in"),
  shoutcastEnabled: variable(
    "SHOUTCAST_ENABLED",
    boolean,
    "0",
    "1: sources of Shoutcast (version 1) too, at the port behind that of ICECAST_ADDR",
  ),
  connectionTimeoutMs: variable(
    "ICECAST_CONNECTION_TIMEOUT",
    seconds({ min: 1 }),
    "10",
    "a source that sends nothing, or no audio, for this long is closed",
  ),
  maxConnections: reloadable(variable(
    "ICECAST_MAX_CONNECTIONS",
    integer({ min: 1 }),
    "4000",
    "the most connections of sources at a time; where more come, those that do not publish give way",
  )),
};
