/** The whole server, as main.ts starts, reloads, drains and stops it. */
import type { Config } from "./config.ts";
import { type Clock, systemClock } from "./session/clock.ts";
import { broadcastsLeft, drain } from "./session/drain.ts";
import type { EventBus } from "./session/events.ts";
import { SERVER_REASON } from "./session/reason.ts";
import type { SessionManager } from "./session/session_manager.ts";
import type { SrtServer } from "./srt/server.ts";
import type { Statistics } from "./stat/statistics/statistics.ts";
import { type Core, startCore } from "./station/core.ts";
import { startDjs } from "./station/djs.ts";
import { startFallback } from "./station/fallback.ts";
import { startFleet } from "./station/fleet.ts";
import { serveFleet } from "./station/fleet_links.ts";
import { type FleetOverview, startFleetOverview } from "./station/fleet_overview.ts";
import { startRtmp, startSrt } from "./station/doors.ts";
import { startIcecast } from "./station/icecast.ts";
import { serveHls } from "./station/hls_web.ts";
import { openListening, otherBoxes, serveOtherBoxes } from "./station/listen_anywhere.ts";
import { trimMemory } from "./station/memory_trim.ts";
import { serveMounts } from "./station/mounts.ts";
import { type Observed, startObservers } from "./station/observers.ts";
import { type HeardOutput, openHls, startArchive } from "./station/outputs.ts";
import {
  type Apply,
  applyNothing,
  prepareAll,
  type Reload,
  type Reloads,
} from "./station/reload.ts";
import type { HttpThreads } from "./station/threads/http_threads.ts";
import { startTokens } from "./station/tokens.ts";
import { serveControl, serveStatistics } from "./station/web.ts";

/** Parts that apply new values. */
type Reloading =
  | ("djs" | "fallback" | "rtmp" | "icecast")
  | ("archive" | "storage" | "control" | "stat");

/** What the parts have that were started. */
interface Started {
  readonly statistics: Statistics;
  /** `undefined` where no threads serve listeners beside this one. */
  readonly threads: HttpThreads | undefined;
  /** `undefined` where there is none. */
  readonly srt: SrtServer | undefined;
  /** `undefined` where the server is alone. */
  readonly overview: FleetOverview | undefined;
  /** What applies new values, part by part. */
  readonly reload: Readonly<
    Record<Reloading, Reload>
  >;
}

/** The whole server: builds its parts from a configuration, starts and stops them in order. */
export class Station {
  readonly #core: Core;
  readonly #statistics: Statistics;
  readonly #threads: HttpThreads | undefined;
  readonly #srt: SrtServer | undefined;
  readonly #overview: FleetOverview | undefined;
  readonly #reloads: Reloads;
  #drainTimeoutMs: number;

  private constructor(core: Core, { statistics, threads, srt, overview, reload }: Started) {
    this.#core = core;
    this.#statistics = statistics;
    this.#threads = threads;
    this.#srt = srt;
    this.#overview = overview;
    this.#drainTimeoutMs = core.config.session.drainTimeoutMs;
    const { reloadLimits: limits, reloadHooks: hooks, reloadWebLimits: web } = core;
    this.#reloads = {
      auth: {
        anyCredentials: reload.control,
        htpasswdFile: reload.control,
        bearerToken: reload.control,
        djFile: reload.djs,
      },
      session: {
        maxSessions: limits,
        drainTimeoutMs: ({ session }) => () => this.#drainTimeoutMs = session.drainTimeoutMs,
      },
      control: { origins: reload.control },
      srt: { maxWaiting: limits },
      rtmp: { maxConnections: reload.rtmp },
      icecast: { maxConnections: reload.icecast },
      fallback: { file: reload.fallback, dir: reload.fallback },
      record: { maxAgeMs: reload.archive, maxBytes: reload.archive },
      storage: { accessKeyId: reload.storage, secretAccessKey: reload.storage },
      stat: { token: reload.stat },
      web: { maxConnections: web, maxPerAddress: web },
      hook: { url: hooks, secret: hooks },
    };
  }

  /**
   * Starts everything that `config` enables.
   * @throws where a part cannot be started; what was started before is stopped again
   */
  static async start(config: Config, clock: Clock = systemClock): Promise<Station> {
    const core = await startCore(config, clock);
    try {
      return new Station(core, await startParts(core));
    } catch (error) {
      await stop(core);
      throw error;
    }
  }

  /** What happens to sessions. */
  get events(): EventBus {
    return this.#core.events;
  }

  /** Those that are live. */
  get sessions(): SessionManager {
    return this.#core.sessions;
  }

  /** Whether it can do its work; where not, nothing helps but another start. */
  get works(): boolean {
    return !this.#core.sockets.lost && this.#threads?.lost !== true;
  }

  /** How much it has to do, in a few words. */
  get status(): string {
    const { input } = this.#statistics.count;
    return `${input.total} on air, ${this.#core.listeners.total} listeners`;
  }

  /** For how long {@link drain} waits at most. */
  get drainTimeoutMs(): number {
    return this.#drainTimeoutMs;
  }

  /**
   * Reads what `config` refers to; nothing changes yet.
   * @returns what puts into force all of `config` that may change while the server runs
   * @throws {AggregateError} of each {@link HtpasswdError}, {@link DjError} and
   *   {@link CertificateError}
   */
  async prepareReload(config: Config): Promise<Apply> {
    const pair = async () => await this.#core.certificate?.prepare() ?? applyNothing();
    return await prepareAll({ tls: { pair }, ...this.#reloads }, config);
  }

  /** Has keys count no more that were taken out of the key set, whatever else may be wrong. */
  rereadKeys(): void {
    void this.#core.tokens?.keys.reread();
  }

  /**
   * Takes no new broadcasts, and waits until those that are on air have come to their end, been heard
   * and been recorded, or have lost their DJ for longer than the hold; for {@link drainTimeoutMs} at
   * most, or until `signal`. Where other boxes take them, they go there.
   */
  async drain(signal: AbortSignal): Promise<void> {
    const { clock, sessions } = this.#core;
    const left = this.#overview?.left ??
      (() => broadcastsLeft(this.#statistics.ids, sessions).length);
    const begin = () =>
      this.#overview === undefined ? sessions.drain() : this.#overview.drain.start();
    await drain({ clock, sessions, begin, left, timeoutMs: this.#drainTimeoutMs, signal });
  }

  /** Ends all broadcasts as a server does that comes back, and writes out what is open. */
  async stop(): Promise<void> {
    await stop(this.#core);
  }

  /**
   * Prepares for the end of the process in the middle of whatever goes on: callers of SRT who wait for
   * an answer would hold it up. A stop may go on meanwhile.
   */
  async abandon(): Promise<void> {
    await this.#srt?.close();
  }
}

/**
 * Starts the parts. What starts last stops first, so this is, backwards, the order of stopping too;
 * hooks are in the core, and stop after all of them.
 */
async function startParts(core: Core): Promise<Started> {
  core.stops.add(trimMemory(core.clock));
  const observed: Observed = {
    ...{ recorder: undefined, uploader: undefined, srt: undefined, threads: undefined },
    anywhere: undefined,
  };
  // Before the outputs, so that they hear of their end.
  const observers = startObservers(core, observed);
  const { statistics, metrics } = observers;
  const overview = startFleetOverview(core, observers);
  // Before HLS, so that it stops after it: finishing recordings may take a while.
  const archive = startArchive(core);
  observed.recorder = archive?.recorder;
  observed.uploader = archive?.storage?.uploader;
  const anywhere = observed.anywhere = openListening(core);
  const others = anywhere && core.fleet && otherBoxes(core.fleet, anywhere);
  const output = await openHls(core, metrics, archive?.rewinds, others);
  let heard: HeardOutput | undefined;
  if (output !== undefined) {
    if (core.fleet !== undefined) core.fleet.own.shows.hls = output.hls;
    heard = serveOtherBoxes(core, anywhere, output);
    // Before HLS itself, so that listeners still get what it writes out when it stops.
    observed.threads = serveHls(core, heard, { metrics, elsewhere: anywhere?.hls });
    core.stops.add(() => output.hls.stop());
  }
  const djs = await startDjs(core);
  await startTokens(core);
  const fallback = await startFallback(core);
  // Before the doors, so that it is known who has which name when somebody comes.
  await startFleet(core, output?.preroll);
  const rtmp = startRtmp(core);
  const icecast = startIcecast(core, heard && serveMounts(core, heard, observed.threads));
  observed.srt = startSrt(core);
  const { hls, streams } = output ?? {};
  const control = await serveControl(core, { metrics, srt: observed.srt, hls, streams });
  const stat = serveStatistics(core, observers, { catalogue: archive?.catalogue, overview });
  // Each part that answers other boxes has mounted its routes.
  if (core.fleet !== undefined) serveFleet(core, core.fleet.links, core.config.fleet.addr);
  const { srt, threads } = observed;
  // They start while everything else does.
  await threads?.listening();
  return {
    statistics,
    threads,
    srt,
    overview,
    reload: {
      ...{ djs, fallback, rtmp, icecast, control, stat },
      archive: archive?.reload ?? applyNothing,
      storage: archive?.storage?.reload ?? applyNothing,
    },
  };
}

/** Sessions end first, and outputs hear of it. */
async function stop({ fleet, sessions, stops }: Core): Promise<void> {
  fleet?.own.names.leave();
  sessions.stop(fleet === undefined ? "shutdown" : "moved", SERVER_REASON);
  await stops.run();
}
