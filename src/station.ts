import { getLogger } from "@logtape/logtape";
import type { Config } from "./config.ts";
import { Authorizer, loadCredentials } from "./control/authorization.ts";
import { controlRoutes } from "./control/routes.ts";
import { Hls } from "./hls/hls.ts";
import { StateFiles } from "./hls/name_states.ts";
import { loadPreroll, NO_PREROLL } from "./hls/preroll.ts";
import { hlsRoutes } from "./hls/routes.ts";
import { HlsFolder } from "./hls/stream_files.ts";
import { RtmpServer } from "./rtmp/server.ts";
import { type Clock, systemClock } from "./session/clock.ts";
import { EventBus } from "./session/events.ts";
import { logEvent } from "./session/event_log.ts";
import { KeyStore } from "./session/key_store.ts";
import { SERVER_REASON } from "./session/reason.ts";
import { SessionManager } from "./session/session_manager.ts";
import { WebServer } from "./web_server.ts";

const logger = getLogger(["echo"]);

/** A key lives this part longer than a session may last. */
const KEY_GRACE = 1 / 60;

/** Something that was started and will be stopped, in the opposite order. */
type Stop = () => void | Promise<void>;

/** The whole server: builds its parts from a configuration, starts and stops them in order. */
export class Station {
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #stops: Stop[] = [];
  readonly events = new EventBus();
  readonly keys: KeyStore;
  readonly sessions: SessionManager;

  private constructor(config: Config, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.keys = new KeyStore(clock, config.auth.ttlMs * (1 + KEY_GRACE));
    this.sessions = new SessionManager({
      clock,
      events: this.events,
      keys: this.keys,
      auth: config.auth.mode,
      maxSessions: config.session.maxSessions,
      maxWaiting: config.srt.maxWaiting,
      policy: {
        holdMs: config.hls.holdMs,
        waitMs: { rtmp: config.hls.holdMs, srt: config.srt.connectionTimeoutMs },
        timeline: { maxDelayMs: config.hls.maxDelayMs, targetMs: config.hls.targetDurationMs },
      },
    });
    this.events.subscribe(logEvent);
  }

  /**
   * Starts everything that `config` enables.
   * @throws where a part cannot be started; what was started before is stopped again
   */
  static async start(config: Config, clock: Clock = systemClock): Promise<Station> {
    const station = new Station(config, clock);
    try {
      await station.#startOutputs();
      station.#startRtmp();
      await station.#startControl();
    } catch (error) {
      await station.stop();
      throw error;
    }
    return station;
  }

  /** Ends all broadcasts as a server does that comes back, and writes out what is open. */
  async stop(): Promise<void> {
    this.sessions.stop("shutdown", SERVER_REASON);
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }

  async #startOutputs(): Promise<void> {
    const { hls } = this.#config;
    if (!hls.enabled) return;
    const folder = new HlsFolder(hls.rootDir);
    const preroll = hls.prerollDir === undefined ? NO_PREROLL : await loadPreroll(hls.prerollDir);
    const output = await Hls.open({
      clock: this.#clock,
      events: this.events,
      targetMs: hls.targetDurationMs,
      folder,
      states: new StateFiles(folder),
      preroll,
    });
    this.sessions.addOutput(output.output);
    if (hls.webEnabled) {
      const routes = hlsRoutes({
        find: (name) => output.find(name),
        path: hls.webPath,
        preroll,
        readFile: (name, file) => folder.read(name, file),
      });
      const web = listen("HLS over HTTP", hls.webAddr, () => {
        return new WebServer(hls.webAddr, routes, ["echo", "hls"]);
      });
      this.#stops.push(() => web.close());
    }
    this.#stops.push(() => output.stop());
  }

  #startRtmp(): void {
    const { rtmp } = this.#config;
    if (!rtmp.enabled) return;
    const server = new RtmpServer({
      addr: rtmp.addr,
      connectionTimeoutMs: rtmp.connectionTimeoutMs,
      maxConnections: rtmp.maxConnections,
      clock: this.#clock,
      doorkeeper: this.sessions,
    });
    listen("RTMP", rtmp.addr, () => server.start());
    this.#stops.push(() => server.close());
  }

  async #startControl(): Promise<void> {
    const { auth, control, rtmp, srt } = this.#config;
    if (!control.enabled) return;
    const credentials = await loadCredentials(auth);
    const authorizer = new Authorizer({ mode: auth.mode, credentials, clock: this.#clock });
    this.#stops.push(() => authorizer.close());
    const routes = controlRoutes({
      sessions: this.sessions,
      keys: this.keys,
      authorizer,
      ports: undefined,
      address: {
        ip: control.publicIp,
        controlPort: control.addr.port,
        rtmpPort: rtmp.addr.port,
      },
      privateIp: control.privateIp,
      cookieKey: control.cookieKey,
      dryRunPort: srt.minPort,
    });
    const web = listen("control API", control.addr, () => {
      return new WebServer(control.addr, routes, ["echo", "control"]);
    });
    this.#stops.push(() => web.close());
  }
}

/** Starts what listens on `addr`, and says so; an error says what could not be done. */
function listen<T>(what: string, addr: { hostname: string; port: number }, start: () => T): T {
  const { hostname, port } = addr;
  const address = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  try {
    const started = start();
    logger.info("{what} listens on {address}", { what, address });
    return started;
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot listen on ${address} for ${what}: ${cause}`, { cause: error });
  }
}
