/** Sessions whose output is HLS, as most tests of HLS need them. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { Hls, type HlsOptions } from "../../src/hls/hls.ts";
import { type MediaPlaylist, parsePlaylist } from "../../src/hls/playlist.ts";
import { NO_PREROLL } from "../../src/hls/preroll.ts";
import { EventBus } from "../../src/session/events.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import { SessionManager } from "../../src/session/session_manager.ts";

/** How long a frame of {@link publish} is, in milliseconds. */
export const FRAME_MS = 1024_000 / 48_000;

/** What frames are in that are published. */
export const CONFIG: AudioConfig = {
  codec: "aac",
  samplesPerFrame: 1024,
  objectType: 2,
  sampleRate: 48_000,
  channelConfiguration: 2,
  programConfig: undefined,
  sbr: undefined,
  ps: undefined,
};

/** Sessions whose output is HLS. */
export interface OnAir {
  readonly manager: SessionManager;
  readonly events: EventBus;
  readonly hls: Hls;
}

/** Opens the HLS output, without preroll, and sessions that anybody may publish. */
export async function goOnAir(
  options: Pick<HlsOptions, "clock" | "targetMs" | "folder" | "states" | "countListeners">,
): Promise<OnAir> {
  const { clock, targetMs } = options;
  const events = new EventBus();
  const manager = new SessionManager({
    clock,
    events,
    keys: new KeyStore(clock, 0),
    auth: "open",
    maxSessions: 10,
    maxWaiting: 10,
    policy: {
      holdMs: 30_000,
      firstWaitMs: 1_800_000,
      unheardWaitMs: 30_000,
      waitMs: { rtmp: 30_000, srt: 60_000 },
      timeline: { maxDelayMs: 10_000, targetMs },
    },
  });
  const hls = await Hls.open({ ...options, events, preroll: NO_PREROLL });
  manager.addOutput(hls.output);
  return { manager, events, hls };
}

/** Publishes under `name`. */
export function publish({ manager }: OnAir, name: string): AdmittedIngest {
  const transport = { protocol: "rtmp" as const, address: "127.0.0.1", close: () => {} };
  const ingest = manager.publish({ name, key: undefined, transport });
  ingest.configure(CONFIG);
  return ingest;
}

/** What is listed under `name`. */
export function playlistOf({ hls }: OnAir, name: string): MediaPlaylist {
  const parsed = parsePlaylist(new TextDecoder().decode(hls.find(name)?.playlist()?.text));
  assert.ok(parsed);
  return parsed;
}
