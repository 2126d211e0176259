/**
 * What is on air, as Icecast tells it to the pages of stations (`status-json.xsl`).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { StreamFacts } from "../session/ingest.ts";
import type { Tags } from "../session/tags.ts";

/** A broadcast that is on air. */
export interface MountStatus {
  readonly name: string;
  /** Its content type, such as `audio/mpeg`. */
  readonly type: string;
  readonly facts: StreamFacts;
  readonly tags: Tags | undefined;
  readonly listeners: number;
  /** When it began, in milliseconds since the epoch. */
  readonly startedAt: number;
}

/** What is the same for all of them. */
export interface ServerStatus {
  /** Where receivers find them: a URL without a slash at its end. */
  readonly url: string;
  readonly serverName: string;
  /** In milliseconds since the epoch. */
  readonly startedAt: number;
}

/** What is listed has so many bytes at most, so that the answer is no burden; … */
export const MAX_STATUS_BYTES = 98_304;
/** … and so many broadcasts. Each other one can be asked for by itself. */
const MAX_LISTED = 100;
/** What stands around them. */
const FRAME_BYTES = 1024;

/**
 * The answer's JSON: `source` is an object where there is one, an array where there are several.
 * @param mounts taken as far as there is room
 */
export function statusJson(server: ServerStatus, mounts: Iterable<MountStatus>): string {
  const sources = listed(server, mounts);
  const [only, ...others] = sources;
  return JSON.stringify({
    icestats: {
      server_id: server.serverName,
      ...startOf("server_start", server.startedAt),
      ...(only === undefined ? {} : { source: others.length === 0 ? only : sources }),
    },
  });
}

function listed(server: ServerStatus, mounts: Iterable<MountStatus>): Record<string, unknown>[] {
  const sources: Record<string, unknown>[] = [];
  let bytes = FRAME_BYTES;
  for (const mount of mounts) {
    const source = sourceOf(server, mount);
    bytes += Buffer.byteLength(JSON.stringify(source)) + ",".length;
    if (bytes > MAX_STATUS_BYTES) break;
    sources.push(source);
    if (sources.length === MAX_LISTED) break;
  }
  return sources;
}

function sourceOf(server: ServerStatus, mount: MountStatus): Record<string, unknown> {
  const { name, type, facts, tags, listeners, startedAt } = mount;
  const { title, artist } = tags ?? {};
  const told = audioInfo(`${facts["ice-audio-info"] ?? ""}`);
  return {
    audio_info: facts["ice-audio-info"],
    bitrate: numberOf(facts["ice-bitrate"]) ?? told("bitrate"),
    channels: told("channels"),
    samplerate: told("samplerate"),
    genre: facts["ice-genre"],
    listeners,
    listenurl: `${server.url}/${name}`,
    server_description: facts["ice-description"],
    server_name: facts["ice-name"] ?? name,
    server_type: type,
    server_url: facts["ice-url"],
    ...startOf("stream_start", startedAt),
    artist,
    title,
    yp_currently_playing: [artist, title].filter((text) => text !== undefined).join(" - "),
  };
}

/** As Icecast writes times: for people, and by ISO 8601. */
function startOf(name: string, at: number): Record<string, string> {
  const time = new Date(at);
  return { [name]: time.toUTCString(), [`${name}_iso8601`]: time.toISOString() };
}

/** Reads what libshout tells, as `bitrate=128;channels=2`; others put `ice-` before each name. */
function audioInfo(info: string): (name: string) => number | undefined {
  const fields = new Map(
    info.split(";").map((field) => {
      const [name = "", value] = field.split("=");
      return [name.trim().replace(/^ice-/, ""), value];
    }),
  );
  return (name) => numberOf(fields.get(name)?.trim() || undefined);
}

function numberOf(text: StreamFacts[string] | undefined): number | undefined {
  const number = Number(text);
  return text === undefined || !Number.isFinite(number) ? undefined : number;
}
