/**
 * The door for RTMP.
 *
 * @module
 */
import { TcpDoor, type TcpDoorOptions } from "../doors/tcp_door.ts";
import { RtmpConnection } from "./connection.ts";

/** librtmp, by which many encoders publish, takes what TLS 1.3 sends by itself for a failure. */
const MAX_TLS_VERSION = "TLSv1.2";

export interface RtmpServerOptions extends TcpDoorOptions {
  /** Whether encoders are told that they may be asked to reconnect; default: no. */
  readonly asksToReconnect?: boolean | undefined;
}

/**
 * Accepts RTMP publishers over TCP, or over TLS. The handshake must be complete within the timeout, a
 * publish accepted within twice it.
 */
export class RtmpServer extends TcpDoor {
  constructor(options: RtmpServerOptions) {
    const { clock, connectionTimeoutMs: timeoutMs, certificate, asksToReconnect } = options;
    super(options, {
      room: "rtmp",
      what: certificate === undefined ? "RTMP" : "RTMPS",
      maxTlsVersion: MAX_TLS_VERSION,
      connect: (socket, doorkeeper) => {
        return new RtmpConnection(socket, { doorkeeper, clock, timeoutMs, asksToReconnect });
      },
    });
  }
}
