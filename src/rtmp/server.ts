/**
 * The door for RTMP.
 *
 * @module
 */
import { TcpDoor, type TcpDoorOptions } from "../doors/tcp_door.ts";
import { RtmpConnection } from "./connection.ts";

/** librtmp, by which many encoders publish, takes what TLS 1.3 sends by itself for a failure. */
const MAX_TLS_VERSION = "TLSv1.2";

/**
 * Accepts RTMP publishers over TCP, or over TLS. The handshake must be complete within the timeout, a
 * publish accepted within twice it.
 */
export class RtmpServer extends TcpDoor {
  constructor(options: TcpDoorOptions) {
    const { clock, connectionTimeoutMs: timeoutMs, certificate } = options;
    super(options, {
      room: "rtmp",
      what: certificate === undefined ? "RTMP" : "RTMPS",
      maxTlsVersion: MAX_TLS_VERSION,
      connect: (socket, doorkeeper) => new RtmpConnection(socket, { doorkeeper, clock, timeoutMs }),
    });
  }
}
