/**
 * One session as the statistics tell it, from its first audio frame to the end of its last output.
 */
import type { InputQuality, SessionEvent } from "../../session/events.ts";
import type { Protocol } from "../../session/ingest.ts";

/** What statistics tell of a session; times are RFC 3339. */
export interface SessionInfo {
  readonly name: string;
  /** Who published last, where DJs are known. */
  readonly dj?: string;
  /** Of the last connection. */
  readonly protocol: Protocol;
  /** When its first audio frame arrived. */
  readonly ingest_start_time: string | null;
  readonly ingest_end_time: string | null;
  readonly hls_ready_time: string | null;
  readonly hls_end_time: string | null;
  readonly hls_path: string | null;
  readonly record_start_time: string | null;
  /** When the last of its files got its final name. */
  readonly record_complete_time: string | null;
  /** Of its latest file. */
  readonly record_path: string | null;
  /** Sums over its connections, as of the end of the last one that has ended. */
  readonly ingest_quality: InputQuality | null;
  /** Where nothing is to be heard of it, though audio arrives: when that was found. */
  readonly dead_air_since?: string | undefined;
  /** Where its fallback is heard: when that began. */
  readonly fallback_since?: string | undefined;
  /** What is heard, or was heard last. */
  readonly title: string | null;
  readonly artist: string | null;
}

/**
 * What everybody may know: not who the DJ is, and of paths from the root only what is below the
 * operator's folders.
 */
export function forEverybody(all: SessionInfo): SessionInfo {
  const { dj: _, ...info } = all;
  return {
    ...info,
    hls_path: lastOf(info.hls_path, HLS_DEPTH),
    record_path: lastOf(info.record_path, RECORD_DEPTH),
  };
}

/** Outputs that there are, so that a session has to have ended there too. */
export interface Outputs {
  readonly hls: boolean;
  readonly record: boolean;
}

/** A session from its first audio frame to the end of its last output. */
export class TrackedSession {
  readonly #outputs: Outputs;
  /** Files that are being written or finished. */
  readonly #openFiles = new Set<string>();
  /** Whether it is known how the first file ended. */
  #fileEnded = false;
  #info: SessionInfo;

  constructor(created: SessionEvent<"create">, outputs: Outputs) {
    const { name, protocol, at, props: { dj } } = created;
    this.#outputs = outputs;
    this.#info = {
      name,
      ...(dj === undefined ? {} : { dj }),
      protocol,
      ingest_start_time: timestamp(at),
      ingest_end_time: null,
      hls_ready_time: null,
      hls_end_time: null,
      hls_path: null,
      record_start_time: null,
      record_complete_time: null,
      record_path: null,
      ingest_quality: null,
      title: null,
      artist: null,
    };
  }

  get info(): SessionInfo {
    return this.#info;
  }

  get ingesting(): boolean {
    return this.#info.ingest_end_time === null;
  }

  /** Whether it can be heard. */
  get onAir(): boolean {
    return this.#info.hls_ready_time !== null && this.#info.hls_end_time === null;
  }

  get recording(): boolean {
    return this.#openFiles.size > 0;
  }

  /** Nothing of it is under way any more. */
  get ended(): boolean {
    const { hls, record } = this.#outputs;
    return !this.ingesting && (!hls || this.#info.hls_end_time !== null) &&
      (!record || (this.#fileEnded && !this.recording));
  }

  /** Takes note of what happened to it after its creation. */
  note(event: SessionEvent): void {
    const { protocol, props: { dj } } = event;
    this.#set({ protocol, ...(dj === undefined ? {} : { dj }) });
    const time = timestamp(event.at);
    switch (event.kind) {
      case "release":
        return this.#set({ ingest_end_time: time, dead_air_since: undefined });
      case "hls-ready":
        return this.#set({ hls_ready_time: time, hls_path: event.path });
      case "hls-release":
        return this.#set({ hls_end_time: time });
      case "record-start":
        this.#openFiles.add(event.path);
        return this.#set({
          record_start_time: this.#info.record_start_time ?? time,
          record_complete_time: null,
          record_path: event.path,
        });
      case "record-complete":
        this.#endFile(event.part);
        return this.#set({
          record_complete_time: this.recording ? null : time,
          record_path: event.path,
        });
      case "record-error":
        return this.#endFile(event.path);
      case "dead-air":
        return this.#set({ dead_air_since: time });
      case "sound":
        return this.#set({ dead_air_since: undefined });
      case "fallback-start":
        return this.#set({ fallback_since: time });
      case "fallback-end":
        return this.#set({ fallback_since: undefined });
      case "metadata":
        return this.#set({ title: event.title, artist: event.artist });
      case "input-quality":
        return this.#set({ ingest_quality: event.quality });
    }
  }

  #set(change: Partial<SessionInfo>): void {
    this.#info = { ...this.#info, ...change };
  }

  #endFile(path: string): void {
    this.#openFiles.delete(path);
    this.#fileEnded = true;
  }
}

function timestamp(at: number): string {
  return new Date(at).toISOString();
}

/** `NAME/playlist.m3u8`, and the file of a recording. */
const HLS_DEPTH = 2;
const RECORD_DEPTH = 1;

function lastOf(path: string | null, depth: number): string | null {
  return path?.startsWith("/") ? path.split("/").slice(-depth).join("/") : path;
}
