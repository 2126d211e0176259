/**
 * Endless streams for the receivers that come to the source port, as they do with Icecast. A thread of
 * listeners sends to them, where there is one and the connection is plain TCP.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { StreamSource } from "../hls/progressive/progressive_streams.ts";
import type { StreamCopies } from "../hls/progressive/stream_copies.ts";
import type { ConnectionCounts, Release } from "../http/connection_limits.ts";
import type { LiveSource } from "../http/live_body.ts";
import { boundLive } from "../http/live_feed.ts";
import { descriptorOf, type SystemSockets } from "../listening/system_socket.ts";
import type { StreamSocket } from "../listening/stream_socket.ts";
import type { Clock } from "../session/clock.ts";
import type { StreamFacts } from "../session/ingest.ts";
import { isValidName } from "../session/name.ts";
import { mountAnswer, mountHead, mountStreamHead, stationFields } from "./mount_answer.ts";
import { askedUrl, mountList } from "./mount_lists.ts";
import { type LendableSocket, untilLeft } from "./threads/lent_sockets.ts";
import type { StreamAsked } from "./threads/messages.ts";

export interface MountStreamsOptions {
  readonly clock: Pick<Clock, "after">;
  readonly streams: Pick<StreamSource, "fileOf">;
  /** Of those that are sent to in this thread. */
  readonly copies: Pick<StreamCopies, "join">;
  readonly counts: ConnectionCounts;
  /** What the source of a broadcast says of itself. */
  readonly factsOf: (name: string) => StreamFacts;
  /** Where mounts are for receivers that do not tell it: a URL without a slash at its end. */
  readonly url: string;
  /** Has a thread send to a receiver. @returns whether one does */
  readonly lend: (socket: LendableSocket) => boolean;
  /** Bounds what the system holds for those that are sent to in this thread, where it has that. */
  readonly system?: Pick<SystemSockets, "of" | "beneath"> | undefined;
  /** How many receivers are sent to in this thread at most, which has the broadcasts. Default: 500. */
  readonly maxSentHere?: number;
}

/** What is read here of a request. */
export interface MountAsked {
  readonly method: "GET" | "HEAD";
  /** Without query. */
  readonly path: string;
  /** By their names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Serves receivers whose requests have been read. */
export class MountStreams {
  readonly #options: MountStreamsOptions;
  /** Of the receivers that are sent to in this thread. */
  readonly #sockets = new Set<Pick<StreamSocket, "close">>();

  constructor(options: MountStreamsOptions) {
    this.#options = options;
  }

  /**
   * Takes a connection, and closes it. Each counts as one of a port of its own.
   * @param address the receiver's, without port
   * @returns whether there is such a stream, or file that names one; where not, the connection is not
   *   taken
   */
  serve({ method, path, fields }: MountAsked, socket: StreamSocket, address: string): boolean {
    const { streams, lend, maxSentHere = MAX_SENT_HERE } = this.#options;
    const [, name = "", file] = MOUNT.exec(path) ?? [];
    if (!isValidName(name)) return false;
    const there = streams.fileOf(name);
    const url = askedUrl(fields, socket.carrier !== undefined, this.#options.url);
    const list = mountList(file ?? "", { name, file: there, url }, method === "HEAD");
    if (list !== undefined) {
      const release = this.#admit(socket, address);
      if (release !== undefined) void this.#sendOnce(list, socket).finally(release);
      return true;
    }
    const isStream = file === undefined || there === `stream.${file}`;
    if (there === undefined || !isStream) return false;
    const release = this.#admit(socket, address);
    if (release === undefined) return true;
    const station = stationFields(this.#options.factsOf(name));
    if (method === "HEAD") {
      void this.#sendOnce(mountStreamHead(there, { name, station }), socket).finally(release);
      return true;
    }
    const asked = { name, wantsTitles: fields.get("icy-metadata") === "1", station };
    socket.setCoalesced?.(false);
    const descriptor = descriptorOf(socket.plain ?? socket);
    const isLent = descriptor !== undefined &&
      lend({ socket, descriptor, asked, onClosed: release });
    if (isLent) return true;
    if (this.#sockets.size < maxSentHere) {
      void this.#serveHere(socket, { asked, file: there, release });
    } else {
      this.#options.counts.refuse("full");
      void this.#sendOnce(mountHead("503 Service Unavailable"), socket).finally(release);
    }
    return true;
  }

  /** Ends those that are sent to in this thread. */
  close(): void {
    for (const socket of this.#sockets) this.#close(socket);
  }

  /** @returns `undefined` where there are enough; then it is told so */
  #admit(socket: StreamSocket, address: string): Release | undefined {
    const { counts } = this.#options;
    const release = counts.admit(address);
    if (typeof release !== "string") return release;
    counts.refuse(release);
    void this.#sendOnce(mountHead("503 Service Unavailable"), socket);
    return undefined;
  }

  async #serveHere(
    socket: StreamSocket,
    { asked, file, release }: {
      readonly asked: StreamAsked;
      readonly file: string;
      readonly release: Release;
    },
  ): Promise<void> {
    this.#sockets.add(socket);
    boundLive(this.#options.system, socket);
    try {
      const joined = await this.#options.copies.join(asked.name);
      if (typeof joined === "object") await this.#sendAll(mountAnswer(joined, file, asked), socket);
      else await socket.write(mountHead("503 Service Unavailable"));
    } catch (error) {
      logger.debug("A receiver is gone: {error}", { error: String(error) });
    }
    this.#close(socket);
    release();
  }

  /**
   * Sends what `source` gives until nothing follows, or the receiver leaves.
   * @throws where nobody takes it
   */
  async #sendAll(source: LiveSource, socket: StreamSocket): Promise<void> {
    let wake = () => {};
    source.onMore(() => {
      wake();
      // A write may wait for a receiver that reads nothing.
      const isOver = source.next() === undefined;
      if (isOver) this.#options.clock.after(ONCE_MS, () => this.#close(socket));
    });
    void untilLeft(socket).finally(() => source.leave());
    for (let bytes = source.next(); bytes !== undefined; bytes = source.next()) {
      if (bytes.length === 0) await new Promise<void>((resolve) => wake = resolve);
      else source.sent(await socket.write(bytes));
    }
  }

  #close(socket: Pick<StreamSocket, "close">): void {
    if (this.#sockets.delete(socket)) socket.close();
  }

  async #sendOnce(bytes: Uint8Array, socket: StreamSocket): Promise<void> {
    const timer = this.#options.clock.after(ONCE_MS, () => socket.close());
    try {
      await socket.write(bytes);
      await socket.closeWrite();
    } catch (error) {
      logger.debug("A receiver is gone: {error}", { error: String(error) });
    }
    timer.cancel();
    socket.close();
  }
}

/** `/NAME`, perhaps with the extension of its stream, or of a file that names it. */
const MOUNT = /^\/([^/.]+)(?:\.([a-z0-9]{1,8}))?$/;
const MAX_SENT_HERE = 500;
/** How long a short answer may take. */
const ONCE_MS = 2000;

const logger = getLogger(["echo", "icecast"]);
