/**
 * What a thread that serves listeners has: a replica of what they hear, the routes, an HTTP server
 * on a port that other threads have too, and what it counts.
 *
 * @module
 */
import { StreamCopies } from "../../hls/progressive/stream_copies.ts";
import { Replica } from "../../hls/replica.ts";
import { HlsFolder } from "../../hls/stream_files.ts";
import { ConnectionCounts, type LentCounts } from "../../http/connection_limits.ts";
import type { ListenAddress } from "../../http/http_server.ts";
import { type KeptSocket, ListeningSockets } from "../../listening/listening_sockets.ts";
import { ShowsCopy } from "../../pages/listener/shows_copy.ts";
import type { ShowCopies } from "../../record/rewind/show_copies.ts";
import type { Clock, Timer } from "../../session/clock.ts";
import type { PemPair } from "../../tls/certificate.ts";
import { CurrentCertificate } from "../../tls/current_certificate.ts";
import { RequestDurations } from "../../web/request_durations.ts";
import type { RequestObserver } from "../../web/request_timing.ts";
import { KeySetCopy } from "../../tokens/key_set_copy.ts";
import { WebServer, type WebServerOptions } from "../../web/web_server.ts";
import { listenerEntrance } from "../entrance_settings.ts";
import { listenerSite } from "../listener_web.ts";
import { newRewind, showsElsewhere } from "../rewind.ts";
import { BorrowedSockets } from "./borrowed_sockets.ts";
import { ElsewhereQuestions } from "./elsewhere_questions.ts";
import {
  type Fetched,
  type FromThread,
  type Pulse,
  type ThreadSettings,
  type ToThread,
} from "./messages.ts";

/** Serves listeners; tells by `send` what it needs and what it counts. */
export class ListenerThread {
  readonly #clock: Clock;
  readonly #send: (message: FromThread) => void;
  readonly #replica: Replica;
  /** `undefined` where there are none. */
  readonly #streams: StreamCopies | undefined;
  /** As above. */
  readonly #borrowed: BorrowedSockets | undefined;
  /** As above. */
  readonly #elsewhere: ElsewhereQuestions | undefined;
  readonly #shows: ShowsCopy;
  readonly #keys: KeySetCopy;
  /** By what people call it; the second one, where there is one, has TLS. */
  readonly #webs: ReadonlyMap<string, WebServer>;
  readonly #certificate: CurrentCertificate | undefined;
  /** `undefined` where shows are not rewound. */
  readonly #rewound: ShowCopies | undefined;
  readonly #sockets: ListeningSockets;
  readonly #durations = new RequestDurations();
  /** By name, then by file. */
  readonly #fetches = new Map<string, Map<string, number>>();
  #kept: readonly KeptSocket[] = [];
  #pulse: Timer | undefined;
  #pulseDueAt = 0;

  constructor(settings: ThreadSettings, clock: Clock, send: (message: FromThread) => void) {
    const { addr, path, index, lowLatency = true, preroll, counts, https, secure } = settings;
    this.#clock = clock;
    this.#send = send;
    this.#sockets = new ListeningSockets(clock);
    const folder = new HlsFolder(settings.rootDir, clock);
    const elsewhere = this.#elsewhere = settings.hasOthers
      ? new ElsewhereQuestions(clock, (question) => send({ kind: "elsewhere", question }))
      : undefined;
    const origin = this.#replica = new Replica({
      clock,
      readFile: (name, file) => folder.read(name, file),
      readElsewhere: elsewhere && ((name, file) => elsewhere.readElsewhere(name, file)),
      ask: (request) => send({ kind: "origin", request }),
    });
    const streams = this.#streams = settings.streams
      ? new StreamCopies({ clock, ask: (request) => send({ kind: "streams", request }) })
      : undefined;
    this.#borrowed = streams &&
      new BorrowedSockets(streams, (id) => send({ kind: "receiver over", id }));
    const shows = this.#shows = new ShowsCopy({
      clock,
      has: (name) => origin.has(name),
      ask: (questions) => send({ kind: "shows", questions }),
      artworkUrl: settings.artworkUrl,
    });
    const keys = this.#keys = new KeySetCopy({
      ...{ clock, text: settings.keySet },
      ask: () => send({ kind: "keys" }),
    });
    const entrance = listenerEntrance(settings.entrance, { clock, path, keys });
    const rewind = settings.rewind && newRewind(settings.rewind, {
      clock,
      has: (name) => origin.has(name),
      ask: (questions) => send({ kind: "rewind", questions }),
    });
    this.#rewound = rewind?.shows;
    const onFetch = (name: string, file: string) => this.#countFetch(name, file);
    const observe: RequestObserver = (...answer) => this.#durations.observe(...answer);
    const site = listenerSite({
      ...{ origin, preroll, shows, path, index, lowLatency, clock, onFetch, observe },
      rewind: rewind && { ...rewind, elsewhere: showsElsewhere(elsewhere) },
      ...{ https, entrance, streams: streams && { clock, streams } },
    });
    const serve = (addr: ListenAddress, counts: LentCounts, more: WebServerOptions = {}) =>
      new WebServer(addr, site.routes, ["echo", "hls"], {
        ...{ ...site, ...more, clock, counts: ConnectionCounts.borrow(counts), reusePort: true },
      });
    this.#webs = new Map([["HLS over HTTP", serve(addr, counts)]]);
    if (secure === undefined) return;
    const certificate = this.#certificate = new CurrentCertificate(secure.pair);
    const secureWeb = serve(secure.addr, secure.counts, {
      certificate,
      handshakesPerSecond: HANDSHAKES_PER_SECOND,
    });
    this.#webs = new Map([...this.#webs, ["HLS over HTTPS", secureWeb]]);
  }

  /** Listens, and tells so, or why it cannot. */
  listen(): void {
    try {
      this.#kept = [...this.#webs].map(([what, web]) =>
        this.#sockets.keep({
          ...{ kind: "hls", what, address: web.address },
          open: (onEnd) => web.listen(onEnd),
          letGo: () => web.letGo(),
        })
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return this.#send({ kind: "failed", why });
    }
    this.#send({ kind: "listening" });
    this.#pulseDueAt = this.#clock.monotonic() + PULSE_MS;
    this.#pulse = this.#clock.every(PULSE_MS, () => this.#sendPulse());
  }

  take(message: Exclude<ToThread, { kind: ForWorker }>): void {
    if (message.kind === "news") this.#replica.take(message.news);
    else if (message.kind === "streams") this.#streams?.take(message.news);
    else if (message.kind === "receiver") void this.#borrowed?.serve(message.receiver);
    else if (message.kind === "receiver left") this.#borrowed?.leave(message.id);
    else if (message.kind === "keys") this.#keys.take(message.keySet);
    else if (message.kind === "elsewhere") this.#elsewhere?.take(message.answer);
    else if (message.kind === "shows") this.#shows.take(message.replies);
    else if (message.kind === "ended") this.#shows.takeEnded(message.shows);
    else this.#rewound?.take(message.replies);
  }

  /** New connections over TLS get `pair`. */
  replaceCertificate(pair: PemPair): void {
    this.#certificate?.replace(pair);
  }

  /** Lets answers under way finish, for a moment, and tells what it has counted. */
  async close(): Promise<void> {
    for (const socket of this.#kept) socket.close();
    this.#replica.dismiss();
    this.#streams?.dismiss();
    await Promise.all([...this.#webs.values()].map((web) => web.close()));
    this.#pulse?.cancel();
    this.#sendPulse();
    this.#replica.close();
    this.#streams?.close();
    this.#elsewhere?.close();
    this.#borrowed?.close();
    this.#shows.close();
    this.#rewound?.close();
  }

  #countFetch(name: string, file: string): void {
    const counts = this.#fetches.get(name) ?? new Map<string, number>();
    counts.set(file, (counts.get(file) ?? 0) + 1);
    this.#fetches.set(name, counts);
  }

  #sendPulse(): void {
    const now = this.#clock.monotonic();
    const pulse: Pulse = {
      fetches: [...this.#fetched()],
      answers: this.#durations.all,
      lateMs: Math.max(0, now - this.#pulseDueAt),
      takenBytes: this.#replica.takenBytes,
      streams: this.#streams?.listeners ?? new Map(),
      takenStreamBytes: this.#streams?.takenBytes ?? 0,
      restarts: this.#sockets.restarts.get("hls") ?? 0,
      problems: this.#sockets.problems,
      isFull: [...this.#webs.values()].some(({ isFull }) => isFull),
    };
    this.#pulseDueAt = now + PULSE_MS;
    this.#fetches.clear();
    this.#durations.clear();
    this.#send({ kind: "pulse", pulse });
  }

  *#fetched(): Generator<Fetched> {
    for (const [name, counts] of this.#fetches) {
      for (const [file, count] of counts) yield { name, file, count };
    }
  }
}

/** What whoever has started the thread does with the whole of it. */
type ForWorker = "start" | "listen" | "log" | "certificate" | "written" | "close";

/** How often it tells that it is alive, and what it has counted. */
const PULSE_MS = 500;
/** Two thirds of a core where the key is RSA. No broadcast is in this thread. */
const HANDSHAKES_PER_SECOND = 500;
