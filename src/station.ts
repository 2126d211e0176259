import { getLogger } from "@logtape/logtape";
import { SrtUnavailable } from "../ffi/srt.ts";
import type { Config } from "./config.ts";
import { Authorizer, type Credentials, loadCredentials } from "./control/authorization.ts";
import { controlRoutes } from "./control/routes.ts";
import { Hls } from "./hls/hls.ts";
import { Listeners } from "./hls/listeners.ts";
import { StateFiles } from "./hls/name_states.ts";
import { loadPreroll, NO_PREROLL } from "./hls/preroll.ts";
import { hlsRoutes } from "./hls/routes.ts";
import { HlsFolder } from "./hls/stream_files.ts";
import { Hooks } from "./hook/hooks.ts";
import { FolderWatch, tryFolder } from "./disk/folder_watch.ts";
import { ListeningSockets } from "./listening/listening_sockets.ts";
import { listenerRoutes } from "./pages/listener/routes.ts";
import { Shows } from "./pages/listener/shows.ts";
import { Catalogue } from "./record/catalogue.ts";
import { RecordFolder } from "./record/record_folder.ts";
import { Recorder } from "./record/recorder.ts";
import { RtmpServer } from "./rtmp/server.ts";
import { type Clock, systemClock } from "./session/clock.ts";
import { drain } from "./session/drain.ts";
import { EventBus } from "./session/events.ts";
import { logEvent } from "./session/event_log.ts";
import { KeyStore } from "./session/key_store.ts";
import { SERVER_REASON } from "./session/reason.ts";
import { SessionManager } from "./session/session_manager.ts";
import { SrtServer } from "./srt/server.ts";
import { logCounts, logSessionEvent } from "./stat/event_log.ts";
import { failingRecordings, Health } from "./stat/health.ts";
import { Metrics } from "./stat/metrics.ts";
import { Statistics } from "./stat/statistics.ts";
import { listen } from "./station/listen.ts";
import { StatWeb } from "./station/stat_web.ts";
import { accessLog } from "./web/access_log.ts";
import { requestTiming } from "./web/request_timing.ts";
import { type ListenAddress, WebServer } from "./web/web_server.ts";

const logger = getLogger(["echo"]);

/** A key lives this part longer than a session may last. */
const KEY_GRACE = 1 / 60;

/** How long a name stays taken for who published it and never sent any audio. */
const UNHEARD_WAIT_MS = 30_000;

/** Something that was started and will be stopped, in the opposite order. */
type Stop = () => void | Promise<void>;

/** Puts another configuration in force, as far as one part may change while it runs. */
type Reload = (config: Config, credentials: Credentials) => void;

/** The whole server: builds its parts from a configuration, starts and stops them in order. */
export class Station {
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #stops: Stop[] = [];
  readonly #reloads: Reload[] = [];
  readonly events = new EventBus();
  readonly keys: KeyStore;
  readonly sessions: SessionManager;
  /** What is wrong at the moment. */
  readonly health = new Health();
  readonly #sockets: ListeningSockets;
  readonly #hooks: Hooks;
  readonly #listeners: Listeners;
  readonly #statistics: Statistics;
  readonly #metrics: Metrics;
  #catalogue: Catalogue | undefined;
  #recorder: Recorder | undefined;
  #srt: SrtServer | undefined;
  #hls: Hls | undefined;

  private constructor(config: Config, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#sockets = new ListeningSockets(clock);
    this.health.add(() => this.#sockets.problems);
    // Before all others, so that it hears of their end.
    this.#hooks = new Hooks({ clock, events: this.events, ...config.hook });
    this.#stops.push(() => this.#hooks.close());
    this.health.add(() => this.#hooks.failing ? ["The hook server does not take events"] : []);
    this.#reloads.push(({ hook }) => this.#hooks.replace(hook));
    this.keys = new KeyStore(clock, config.auth.ttlMs * (1 + KEY_GRACE));
    this.sessions = new SessionManager({
      clock,
      events: this.events,
      keys: this.keys,
      auth: config.auth.mode,
      authority: this.#hooks.authority,
      maxSessions: config.session.maxSessions,
      maxWaiting: config.srt.maxWaiting,
      policy: {
        holdMs: config.hls.holdMs,
        firstWaitMs: config.srt.connectionTimeoutMs,
        waitMs: { rtmp: config.hls.holdMs, srt: config.srt.connectionTimeoutMs },
        unheardWaitMs: UNHEARD_WAIT_MS,
        timeline: { maxDelayMs: config.hls.maxDelayMs, targetMs: config.hls.targetDurationMs },
      },
    });
    this.#reloads.push(({ session, srt }) => {
      this.sessions.limits = { maxSessions: session.maxSessions, maxWaiting: srt.maxWaiting };
    });
    this.events.subscribe(logEvent);
    this.#listeners = new Listeners(config.hls.targetDurationMs, () => clock.awake());
    this.#statistics = this.#startStatistics();
    this.#metrics = this.#startMetrics();
  }

  /**
   * Starts everything that `config` enables.
   * @throws where a part cannot be started; what was started before is stopped again
   */
  static async start(config: Config, clock: Clock = systemClock): Promise<Station> {
    const station = new Station(config, clock);
    try {
      station.#startRecorder();
      await station.#startOutputs();
      station.#startRtmp();
      await station.#startControl(station.#startSrt());
      station.#startStatWeb();
    } catch (error) {
      await station.stop();
      throw error;
    }
    return station;
  }

  /** Whether it can do its work; where not, nothing helps but another start. */
  get works(): boolean {
    return !this.#sockets.lost;
  }

  /** How much it has to do, in a few words. */
  get status(): string {
    return `${this.#statistics.count.input.total} on air, ${this.#listeners.total} listeners`;
  }

  /**
   * Reads what `config` refers to; nothing changes yet.
   * @returns what puts into force all of `config` that may change while the server runs
   * @throws {HtpasswdError}
   */
  async prepareReload(config: Config): Promise<() => void> {
    const { control, auth } = config;
    const credentials = control.enabled ? await loadCredentials(auth) : "any";
    return () => this.#reloads.forEach((reload) => reload(config, credentials));
  }

  /**
   * Takes no new broadcasts, and waits until those that are on air have come to their end, been heard
   * and been recorded, or have lost their DJ for longer than the hold; for `timeoutMs` at most, or
   * until `signal`.
   */
  async drain(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const left = () =>
      this.#statistics.ids.filter((id) => !this.sessions.get(id)?.standsStill).length;
    await drain({ clock: this.#clock, sessions: this.sessions, left, timeoutMs, signal });
  }

  /** Ends all broadcasts as a server does that comes back, and writes out what is open. */
  async stop(): Promise<void> {
    this.sessions.stop("shutdown", SERVER_REASON);
    for (const stop of this.#stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        logger.error("A part did not stop as it should: {error}", { error });
      }
    }
  }

  /** Before the outputs, so that it hears of their end. */
  #startStatistics(): Statistics {
    const { hls, record, stat } = this.#config;
    const statistics = new Statistics({
      events: this.events,
      outputs: { hls: hls.enabled, record: record.enabled },
      onEvent: stat.enabled ? logSessionEvent : undefined,
    });
    this.#stops.push(() => statistics.close());
    if (stat.enabled) this.#stops.push(logCounts(this.#clock, () => statistics.count));
    return statistics;
  }

  #startMetrics(): Metrics {
    const { hls, record } = this.#config;
    const metrics = new Metrics({
      clock: this.#clock,
      events: this.events,
      sessions: this.sessions,
      recordings: {
        active: () => this.#statistics.count.output.record,
        writtenBytes: () => this.#recorder?.writtenBytes ?? 0,
      },
      audience: this.#listeners,
      folders: { hls: hls.rootDir, record: record.rootDir },
      health: this.health,
      restarts: () => this.#sockets.restarts,
      srt: () => this.#srt,
      hook: () => this.#hooks,
    });
    this.#stops.push(() => metrics.close());
    return metrics;
  }

  #timing(server: "hls" | "control" | "stat") {
    return requestTiming(server, (...answer) => this.#metrics.requestAnswered(...answer));
  }

  /** Before HLS, so that it stops after it: finishing recordings may take a while. */
  #startRecorder(): void {
    const { record } = this.#config;
    if (!record.enabled) return;
    const folder = new RecordFolder(record.rootDir);
    const recorder = new Recorder({
      clock: this.#clock,
      events: this.events,
      folder,
      append: record.append,
      rules: { maxAgeMs: record.maxAgeMs, maxBytes: record.maxBytes },
    });
    this.#recorder = recorder;
    this.#watch(record.rootDir, "broadcasts are not recorded");
    this.health.add(failingRecordings(this.events, (id) => this.sessions.get(id) !== undefined));
    this.#catalogue = new Catalogue(folder, recorder);
    this.sessions.addOutput(recorder.output);
    this.#reloads.push(({ record: { maxAgeMs, maxBytes } }) => {
      recorder.rules = { maxAgeMs, maxBytes };
    });
    this.#stops.push(() => recorder.stop());
  }

  async #startOutputs(): Promise<void> {
    const { hls } = this.#config;
    if (!hls.enabled) return;
    const folder = new HlsFolder(hls.rootDir, this.#clock);
    await folder.attempt(undefined, () => tryFolder(hls.rootDir));
    this.#watch(hls.rootDir, undefined);
    const preroll = hls.prerollDir === undefined ? NO_PREROLL : await loadPreroll(hls.prerollDir);
    const shows = new Shows({
      clock: this.#clock,
      events: this.events,
      find: (name) => this.sessions.find(name),
      listeners: (name) => this.#listeners.count(name),
    });
    this.#stops.push(() => shows.close());
    const output = await Hls.open({
      clock: this.#clock,
      events: this.events,
      targetMs: hls.targetDurationMs,
      folder,
      states: new StateFiles(folder),
      preroll,
      onListed: (name, file, lateMs) => {
        this.#listeners.listed(name, file);
        this.#metrics.segmentListed(lateMs);
        shows.listed(name);
      },
      countListeners: hls.webEnabled ? (name) => this.#listeners.count(name) : undefined,
    });
    this.#hls = output;
    this.sessions.addOutput(output.output);
    if (hls.webEnabled) {
      const routes = hlsRoutes({
        find: (name) => output.find(name),
        path: hls.webPath,
        preroll,
        readFile: (name, file) => folder.read(name, file),
        onFetch: (name, file) => this.#listeners.fetched(name, file),
      });
      const pages = listenerRoutes({ shows, path: hls.webPath, index: hls.webIndex });
      const middleware = [accessLog("echo-hls-web"), this.#timing("hls")];
      const category = ["echo", "hls"];
      const web = new WebServer(hls.webAddr, pages.route("/", routes), category, middleware);
      this.#serve("hls", "HLS over HTTP", hls.webAddr, web);
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
    const open = (onEnd: (why: Error) => void) => server.start(onEnd);
    const socket = listen(this.#sockets, rtmp.addr, { kind: "rtmp", what: "RTMP", open });
    this.#reloads.push(({ rtmp }) => server.maxConnections = rtmp.maxConnections);
    this.#stops.push(() => server.close(), () => socket.close());
  }

  /** Without libsrt the server goes on, where there is another way to publish. */
  #startSrt(): SrtServer | undefined {
    const { control, rtmp, srt } = this.#config;
    if (!control.enabled) return undefined;
    const server = new SrtServer({
      addr: srt.addr,
      ports: { min: srt.minPort, max: srt.maxPort },
      latencyMs: srt.latencyMs,
      readTimeoutMs: srt.readTimeoutMs,
      passphrase: srt.passphrase,
      library: srt.library,
      clock: this.#clock,
      sessions: this.sessions,
      events: this.events,
      sockets: this.#sockets,
    });
    try {
      const open = (onEnd: (why: Error) => void) => server.start(onEnd);
      const socket = listen(this.#sockets, srt.addr, { kind: "srt", what: "SRT", open });
      this.#stops.push(() => server.close(), () => socket.close());
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (!(cause instanceof SrtUnavailable) || !rtmp.enabled) throw error;
      const why = cause.message.replace(/\n\s*/g, "; ");
      logger.error("There is no SRT ingest: {why}", { why });
      this.health.add(() => [`There is no SRT ingest: ${why}`]);
      return undefined;
    }
    this.#srt = server;
    return server;
  }

  async #startControl(ports: SrtServer | undefined): Promise<void> {
    const { auth, control, rtmp, srt } = this.#config;
    if (!control.enabled) return;
    const credentials = await loadCredentials(auth);
    const authorizer = new Authorizer({
      mode: auth.mode,
      credentials,
      authority: this.#hooks.authority,
      clock: this.#clock,
    });
    this.#stops.push(() => authorizer.close());
    this.#reloads.push((_, credentials) => authorizer.replace(credentials));
    const routes = controlRoutes({
      clock: this.#clock,
      sessions: this.sessions,
      keys: this.keys,
      authorizer,
      ports,
      address: {
        ip: control.publicIp,
        controlPort: control.addr.port,
        rtmpPort: rtmp.addr.port,
      },
      privateIp: control.privateIp,
      cookieKey: control.cookieKey,
      dryRunPort: srt.minPort,
      onLateTeardown: (name, id) => this.#hls?.endNow(name, id),
    });
    const middleware = [this.#timing("control")];
    const web = new WebServer(control.addr, routes, ["echo", "control"], middleware);
    this.#serve("control", "control API", control.addr, web);
  }

  #startStatWeb(): void {
    const { stat } = this.#config;
    if (!stat.webEnabled) return;
    const parts = new StatWeb(this.#config, {
      clock: this.#clock,
      events: this.events,
      sessions: this.sessions,
      statistics: this.#statistics,
      metrics: this.#metrics,
      listeners: this.#listeners,
      health: this.health,
      catalogue: this.#catalogue,
    });
    this.#stops.push(() => parts.close());
    this.#reloads.push((config) => parts.reload(config));
    const middleware = [accessLog("echo-stat-web"), this.#timing("stat")];
    const web = new WebServer(stat.webAddr, parts.routes, ["echo", "stat"], middleware);
    this.#serve("stat", "statistics", stat.webAddr, web);
    // Streams have no end of their own: who watches is let go first.
    this.#stops.push(() => parts.close());
  }

  #watch(path: string, consequence: string | undefined): void {
    const watch = new FolderWatch(this.#clock, { path, consequence });
    this.health.add(() => [watch.problem]);
    this.#stops.push(() => watch.close());
  }

  #serve(kind: string, what: string, addr: ListenAddress, web: WebServer): void {
    const socket = listen(this.#sockets, addr, {
      ...{ kind, what },
      open: (onEnd) => web.listen(onEnd),
      letGo: () => web.letGo(),
    });
    this.#stops.push(() => web.close(), () => socket.close());
  }
}
