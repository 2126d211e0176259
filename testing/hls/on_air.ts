/** Sessions whose output is HLS, as most tests of HLS need them. */
import assert from "node:assert/strict";
import { Hls, type HlsOptions } from "../../src/hls/hls.ts";
import { type MediaPlaylist, parsePlaylist } from "../../src/hls/playlist.ts";
import { NO_PREROLL } from "../../src/hls/preroll.ts";
import { EventBus } from "../../src/session/events.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import type { SessionPolicy } from "../../src/session/session_policy.ts";
import type { SessionManager } from "../../src/session/session_manager.ts";
import { audioConfig } from "../audio/access_units.ts";
import { sessionManager } from "../session/session_manager.ts";

/** How long a frame of {@link publish} is, in milliseconds. */
export const FRAME_MS = 1024_000 / 48_000;

/** Sessions whose output is HLS. */
export interface OnAir {
  readonly manager: SessionManager;
  readonly events: EventBus;
  readonly hls: Hls;
}

/** What {@link goOnAir} makes of the HLS output; by default there is no preroll. */
export type OnAirOptions =
  & Pick<
    HlsOptions,
    | "clock"
    | "targetMs"
    | "folder"
    | "states"
    | "countListeners"
    | "id3"
    | "onTags"
    | "lowPlaces"
    | "fleet"
  >
  & Partial<Pick<HlsOptions, "preroll"> & Pick<SessionPolicy, "fallback">>;

/** Opens the HLS output, and sessions that anybody may publish. */
export async function goOnAir(options: OnAirOptions): Promise<OnAir> {
  const { clock, targetMs, preroll = NO_PREROLL, fallback } = options;
  const events = new EventBus();
  const policy = {
    ...{ waitMs: { srt: 60_000 }, timeline: { maxDelayMs: 10_000, targetMs } },
    ...fallback && { fallback },
  };
  const manager = sessionManager({ clock, events, policy, maxSessions: 1000 });
  const hls = await Hls.open({ ...options, events, preroll });
  manager.addOutput(hls.output);
  return { manager, events, hls };
}

/** Publishes under `name`. */
export function publish({ manager }: OnAir, name: string): AdmittedIngest {
  const transport = { protocol: "rtmp" as const, address: "127.0.0.1", close: () => {} };
  const ingest = manager.publish({ name, key: undefined, transport });
  ingest.configure(audioConfig());
  return ingest;
}

/** What is listed under `name`. */
export function playlistOf({ hls }: OnAir, name: string): MediaPlaylist {
  const parsed = parsePlaylist(new TextDecoder().decode(hls.find(name)?.playlist()?.text));
  assert.ok(parsed);
  return parsed;
}
