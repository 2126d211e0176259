/** The part of the configuration's table that is about TLS: the certificate, and doors that have it. */
import { address, boolean, integer, orOff, path } from "./kinds.ts";
import { optional, type Variable, variable } from "./variable.ts";
import type { Address } from "./kinds.ts";

/** Environment variables of TLS. */
export const TLS_VARIABLES = {
  certFile: optional(
    "TLS_CERT_FILE",
    path,
    "the certificate and its chain, in PEM; with it and TLS_KEY_FILE the doors below open. Both " +
      "files are read again when they change, and on SIGHUP",
  ),
  keyFile: optional("TLS_KEY_FILE", path, "the certificate's private key, in PEM"),
  hlsAddr: besides("HLS_WEB_ADDR", "HLS_WEB_TLS_ADDR", 8443, "HLS is served over HTTPS"),
  redirectsPages: variable(
    "HLS_WEB_REDIRECT",
    boolean,
    "0",
    "1: who asks for a page of listeners by HTTP is sent to HTTPS; players are not",
  ),
  strictSeconds: variable(
    "HLS_WEB_HSTS",
    integer({ min: 0 }),
    "0",
    "for so many seconds browsers that were here by HTTPS use nothing else on this host, at any " +
      "of its ports; 0: they are told nothing",
  ),
  controlAddr: besides("ECHO_ADDR", "ECHO_TLS_ADDR", 5443, "the control API listens for HTTPS"),
  statAddr: besides("STAT_WEB_ADDR", "STAT_WEB_TLS_ADDR", 8448, "statistics are served over HTTPS"),
  rtmpsAddr: besides("RTMP_ADDR", "RTMPS_ADDR", 1936, "RTMPS listens, which is RTMP over TLS"),
  icecastAddr: besides(
    "ICECAST_ADDR",
    "ICECAST_TLS_ADDR",
    8445,
    "sources of Icecast come in over TLS",
  ),
};

/** Where something listens with TLS, on the host of its plain address where nothing else is said. */
function besides(
  plain: string,
  name: string,
  port: number,
  what: string,
): Variable<Address | "off"> {
  return variable<Address | "off">(
    name,
    orOff(address),
    {
      says: `host of ${plain}, port ${port}`,
      make: (textOf) => textOf(plain).replace(/:\d+$/, `:${port}`),
    },
    `where ${what}, beside ${plain}; off: nowhere`,
  );
}
