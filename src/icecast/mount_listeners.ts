/**
 * What the source port hands on: receivers that ask it for a broadcast's stream.
 *
 * @module
 */
import type { StreamSocket } from "../listening/stream_socket.ts";

/** A receiver that asks for a stream by `GET /NAME`, as it does with Icecast. */
export interface MountRequest {
  /** `GET`, or `HEAD` where nothing but the head of the answer is wanted. */
  readonly method: "GET" | "HEAD";
  /** What it asks for, without query: `/demo`, `/demo.mp3`, `/demo.m3u`. Nothing is decoded. */
  readonly path: string;
  /** What stands behind `?`; empty where nothing does. */
  readonly query: string;
  /** The header fields, by their names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Serves the receivers that come to the source port. */
export interface MountListeners {
  /**
   * Takes a connection whose request has been read, and nothing behind it. From then on the socket is
   * its own to answer, to bound and to close; the door counts it no more.
   * @param address the receiver's, without port
   * @returns whether it has taken it; where not, the door answers 404
   */
  serve(request: MountRequest, socket: StreamSocket, address: string): boolean;
}
