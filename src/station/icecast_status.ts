/** What the source port tells of what is on air, and whom. */
import { isIPv6 } from "node:net";
import { streamFormOf } from "../hls/progressive/stream_form.ts";
import type { SourceDoor } from "../icecast/connection.ts";
import { type MountStatus, type ServerStatus, statusJson } from "../icecast/status.ts";
import type { Session } from "../session/session.ts";
import { SERVER_NAME } from "../version.ts";
import type { Core } from "./core.ts";

export interface IcecastStatusOptions extends Pick<Core, "clock" | "listeners"> {
  readonly sessions: Pick<Core["sessions"], "sessions" | "find">;
  readonly config: {
    readonly hls: Pick<Core["config"]["hls"], "auth" | "originSecret" | "webIndex">;
    readonly control: Pick<Core["config"]["control"], "publicIp">;
    readonly icecast: Pick<Core["config"]["icecast"], "addr">;
  };
}

/**
 * Tells what is on air. Who has the credentials of a broadcast's source is told of that one; others
 * of all where there is a page that shows all, else of one whose name they know. Where not everybody
 * may listen, they are told nothing. Each answer is kept for a second.
 */
export function icecastStatus(
  { config, clock, sessions, listeners }: IcecastStatusOptions,
): SourceDoor["status"] {
  const { hls } = config;
  const isForAll = hls.auth === "open" && hls.originSecret === undefined;
  const server: ServerStatus = {
    url: mountsUrl(config),
    serverName: SERVER_NAME,
    startedAt: clock.now(),
  };
  let kept: Kept | undefined;
  return (name, isItsSource) => {
    const isTold = isItsSource || isForAll && (name !== undefined || hls.webIndex);
    const asked = name === undefined ? undefined : sessions.find(name);
    if (!isTold || name !== undefined && asked === undefined) return statusJson(server, []);
    if (kept === undefined || clock.monotonic() - kept.since >= KEPT_MS) {
      kept = { since: clock.monotonic(), counts: listeners.everywhere, texts: new Map() };
    }
    const before = kept.texts.get(name);
    if (before !== undefined) return before;
    const onAir = asked === undefined ? sessions.sessions : [asked];
    const text = statusJson(server, statusesOf(onAir, kept.counts));
    kept.texts.set(name, text);
    return text;
  };
}

/** Where receivers find mounts: a URL without a slash at its end. */
export function mountsUrl(
  { control: { publicIp }, icecast }: Pick<IcecastStatusOptions["config"], "control" | "icecast">,
): string {
  return `http://${isIPv6(publicIp) ? `[${publicIp}]` : publicIp}:${icecast.addr.port}`;
}

/** What is answered for a while. */
interface Kept {
  readonly since: number;
  /** Listeners by name. */
  readonly counts: ReadonlyMap<string, number>;
  /** By the broadcast that was asked for. */
  readonly texts: Map<string | undefined, string>;
}

function* statusesOf(
  onAir: readonly Session[],
  counts: Kept["counts"],
): Generator<MountStatus> {
  for (const { name, audio, created, streamFacts: facts, tags } of onAir) {
    if (created === undefined || audio === undefined) continue;
    const type = streamFormOf(audio)?.type;
    if (type === undefined) continue;
    const listeners = counts.get(name) ?? 0;
    yield { name, type, facts, tags, listeners, startedAt: created.wallMs };
  }
}

const KEPT_MS = 1000;
