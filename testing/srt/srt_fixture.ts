/** Real sessions behind a real SRT server on loopback. */
import type { SrtAddress } from "../../ffi/srt.ts";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { type KeptSocket, ListeningSockets } from "../../src/listening/listening_sockets.ts";
import type { Authority } from "../../src/session/authority.ts";
import { type Clock, systemClock } from "../../src/session/clock.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import type { SessionEnd } from "../../src/session/frame_sink.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import type { Session } from "../../src/session/session.ts";
import type { AuthMode } from "../../src/session/publish_rights.ts";
import type { SessionManager } from "../../src/session/session_manager.ts";
import { SrtServer } from "../../src/srt/server.ts";
import { FakeClock } from "../fake_clock.ts";
import { LogRecorder } from "../log_recorder.ts";
import { sessionManager } from "../session/session_manager.ts";
import { until } from "../until.ts";
import { SrtCallers } from "./srt_callers.ts";

const HOSTNAME = "127.0.0.1";

/** What came out of a session. */
export class Broadcast {
  readonly configs: AudioConfig[] = [];
  /** Of the source, not put in. */
  readonly frames: Uint8Array[] = [];
  silent = 0;
  ended: SessionEnd | undefined;
}

export interface SrtFixtureOptions {
  readonly clock?: Clock;
  readonly auth?: AuthMode;
  readonly authority?: Authority;
  readonly latencyMs?: number;
  readonly passphrase?: string;
  readonly ports?: { readonly min: number; readonly max: number };
}

/** Real sessions behind a real SRT server on loopback, and callers that come to it. */
export class SrtFixture implements AsyncDisposable {
  readonly events: SessionEvent[] = [];
  readonly server: SrtServer;
  readonly sessions: SessionManager;
  readonly callers = new SrtCallers();
  readonly sockets: ListeningSockets;
  readonly log: LogRecorder;
  readonly #broadcasts = new Map<string, Broadcast>();
  readonly #shared: KeptSocket;
  readonly #turns: ReturnType<typeof setInterval>;

  constructor(log: LogRecorder, options: SrtFixtureOptions = {}) {
    const { clock = systemClock, auth = "open", latencyMs = 20, passphrase } = options;
    this.log = log;
    // What waits for nothing but its turn runs also where the clock stands still.
    this.#turns = setInterval(() => clock instanceof FakeClock && clock.advanceSync(0), 5);
    const events = new EventBus();
    events.subscribe((event) => this.events.push(event));
    this.sessions = sessionManager({
      clock,
      events,
      auth,
      authority: options.authority,
      policy: {
        // Tests send as fast as they can.
        timeline: { maxDelayMs: 10_000, targetMs: 60_000 },
        waitMs: { srt: 60_000 },
      },
      maxSessions: 1000,
      maxWaiting: 1000,
    });
    this.sessions.addOutput(({ name }) => {
      const broadcast = this.broadcast(name);
      return {
        start: (config) => broadcast.configs.push(config),
        write: ({ data, filler }) => {
          if (filler) broadcast.silent++;
          else broadcast.frames.push(data.slice());
        },
        discontinuity: () => {},
        end: (how) => broadcast.ended = how,
      };
    });
    this.sockets = new ListeningSockets(clock);
    this.server = new SrtServer({
      addr: { hostname: HOSTNAME, port: 0 },
      ports: options.ports ?? { min: 30000, max: 49150 },
      latencyMs,
      readTimeoutMs: 10_000,
      passphrase,
      library: undefined,
      clock,
      sessions: this.sessions,
      events,
      sockets: this.sockets,
    });
    const open = (onEnd: (why: Error) => void) => this.server.start(onEnd);
    this.#shared = this.sockets.keep({ kind: "srt", what: "SRT", address: HOSTNAME, open });
  }

  static async start(options: SrtFixtureOptions = {}): Promise<SrtFixture> {
    return new SrtFixture(await LogRecorder.start(), options);
  }

  get shared(): SrtAddress {
    return this.server.address;
  }

  /** What the broadcasts of `name` gave so far. */
  broadcast(name: string): Broadcast {
    const known = this.#broadcasts.get(name);
    if (known !== undefined) return known;
    const broadcast = new Broadcast();
    this.#broadcasts.set(name, broadcast);
    return broadcast;
  }

  /** A session with a port of its own, as the control API makes one. */
  reserve(name: string): { session: Session; port: SrtAddress; key: string } {
    const { session, key } = this.sessions.reserve({
      name,
      protocol: "srt",
      address: HOSTNAME,
      props: {},
      shown: "credentials",
      prepare: (session) => this.server.portOf(session) ?? this.server.open(session),
    });
    const port = this.server.portOf(session);
    if (port === undefined) throw new Error("Cannot find the session's port");
    return { session, port: { hostname: HOSTNAME, port }, key: key.token };
  }

  kinds(name: string): string[] {
    return this.events.filter((event) => event.name === name).map(({ kind }) => kind);
  }

  /** Resolves once `count` frames of `name` have come. */
  async frames(name: string, count: number): Promise<Uint8Array[]> {
    const { frames } = this.broadcast(name);
    await until(`${count} frames of ${name} are there`, () => frames.length >= count);
    return frames;
  }

  /** Resolves once the ends of `count` connections are logged in lines like this. */
  async ended(line: RegExp, count = 1): Promise<void> {
    await until(`${count} connections ended ${line}`, () => {
      const ends = this.log.matching(/SRT connection .* ended: /);
      return ends.filter((end) => line.test(end)).length >= count;
    });
  }

  /** Resolves once `count` callers were refused in the handshake, and are logged in lines like this. */
  async refused(line: RegExp, count = 1): Promise<void> {
    await until(`${count} callers refused ${line}`, () => {
      const refusals = this.log.matching(/SRT connection .* refused: /);
      return refusals.filter((refusal) => line.test(refusal)).length >= count;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#turns);
    this.callers.close();
    this.sessions.stop("shutdown", SERVER_REASON);
    this.#shared.close();
    await this.server.close();
    await this.log[Symbol.asyncDispose]();
  }
}
