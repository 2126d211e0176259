/**
 * The doors for sources of Icecast, and of Shoutcast beside it.
 *
 * @module
 */
import { TcpDoor, type TcpDoorOptions } from "../doors/tcp_door.ts";
import { IcecastConnection, type SourceDoor } from "./connection.ts";
import { IcecastSession } from "./icecast_session.ts";
import { ShoutcastSession } from "./shoutcast_session.ts";

/** What is spoken at a door for sources. */
export type SourceProtocol = "Icecast" | "Shoutcast";

export interface IcecastServerOptions
  extends TcpDoorOptions, Pick<SourceDoor, "sources" | "tag" | "status" | "listeners"> {
  readonly speaks: SourceProtocol;
}

/** Accepts sources over TCP, or over TLS. */
export class IcecastServer extends TcpDoor {
  constructor(options: IcecastServerOptions) {
    const { clock, connectionTimeoutMs: timeoutMs, certificate, speaks } = options;
    const { sources, tag, status, listeners } = options;
    const speak: SourceDoor["speak"] = speaks === "Icecast"
      ? (dialogue) => new IcecastSession(dialogue)
      : (dialogue) => new ShoutcastSession(dialogue);
    const door = { clock, timeoutMs, speak, sources, tag, status, listeners };
    super(options, {
      room: "icecast",
      what: certificate === undefined ? speaks : `${speaks} over TLS`,
      connect: (socket, doorkeeper) => new IcecastConnection(socket, doorkeeper, door),
    });
  }
}
