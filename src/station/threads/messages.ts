/**
 * What goes between the thread that has the broadcasts and one that serves listeners. How much the
 * latter sends does not grow with what its clients ask for: all of it is gathered, and bounded.
 *
 * @module
 */
import type { LogLevel } from "@logtape/logtape";
import type { StreamAudience } from "../../hls/listeners.ts";
import type { Preroll } from "../../hls/preroll.ts";
import type { StreamNews, StreamRequest } from "../../hls/progressive/stream_messages.ts";
import type { ReplicaNews, ReplicaRequest, SegmentWanted } from "../../hls/replica_messages.ts";
import type { LentCounts } from "../../http/connection_limits.ts";
import type { ListenAddress } from "../../http/http_server.ts";
import type { HttpsRules } from "../../pages/listener/https_rules.ts";
import type { EndedShow } from "../../pages/listener/last_shows.ts";
import type { ShowStatus } from "../../pages/listener/shows.ts";
import type { ShowsQuestion } from "../../pages/listener/shows_copy.ts";
import type { ShowQuestion, ShowReply } from "../../record/rewind/show_news.ts";
import type { PemPair } from "../../tls/certificate.ts";
import type { AnswerCounts } from "../../web/request_durations.ts";
import type { EntranceSettings } from "../entrance_settings.ts";

/** The category of the access log of listeners' requests. */
export const ACCESS_LOG = "echo-hls-web";

/** What a thread is told. */
export type ToThread =
  | { readonly kind: "start"; readonly settings: ThreadSettings }
  /** It has been told what there is. */
  | { readonly kind: "listen" }
  | { readonly kind: "news"; readonly news: ReplicaNews }
  /** Of endless streams. */
  | { readonly kind: "streams"; readonly news: StreamNews }
  | { readonly kind: "shows"; readonly replies: readonly (readonly ShowStatus[])[] }
  /** These shows are over. */
  | { readonly kind: "ended"; readonly shows: readonly EndedShow[] }
  | { readonly kind: "rewind"; readonly replies: readonly ShowReply[] }
  | { readonly kind: "elsewhere"; readonly answer: ElsewhereAnswer }
  /** It serves this receiver, whose connection is open until it tells that it is over. */
  | { readonly kind: "receiver"; readonly receiver: LentReceiver }
  /** The receiver with this number has left. */
  | { readonly kind: "receiver left"; readonly id: number }
  | { readonly kind: "log"; readonly levels: LogLevels }
  /** New connections over TLS get it. */
  | { readonly kind: "certificate"; readonly pair: PemPair }
  /** The key set is this; `undefined` where there is none so far. */
  | { readonly kind: "keys"; readonly keySet: string | undefined }
  /** The lines that it sent last are written. */
  | { readonly kind: "written" }
  | { readonly kind: "close" };

/** What a thread tells. */
export type FromThread =
  | { readonly kind: "listening" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "origin"; readonly request: ReplicaRequest }
  | { readonly kind: "streams"; readonly request: StreamRequest }
  | { readonly kind: "shows"; readonly questions: readonly ShowsQuestion[] }
  /** It wants the key set as it is now. */
  | { readonly kind: "keys" }
  | { readonly kind: "rewind"; readonly questions: readonly ShowQuestion[] }
  | { readonly kind: "elsewhere"; readonly question: ElsewhereQuestion }
  /** Nothing is sent any more to the receiver with this number. */
  | { readonly kind: "receiver over"; readonly id: number }
  | { readonly kind: "log"; readonly lines: readonly LoggedLine[] }
  | { readonly kind: "pulse"; readonly pulse: Pulse }
  | { readonly kind: "closed" };

/** A receiver of an endless stream that has come by another door, to be served by a thread. */
export interface LentReceiver extends StreamAsked {
  readonly id: number;
  /** That of its connection. */
  readonly descriptor: number;
}

/** The endless stream that a receiver has asked for. */
export interface StreamAsked {
  /** The broadcast's. */
  readonly name: string;
  /** Whether it wants to be told titles. */
  readonly wantsTitles: boolean;
  /** Header fields that tell of the station. */
  readonly station: Readonly<Record<string, string>>;
}

/** With what a thread starts. */
export interface ThreadSettings {
  /** The port is one that others may have too. */
  readonly addr: ListenAddress;
  /** Where broadcasts are, without slashes around it. */
  readonly path: string;
  /** Whether `/` shows who is on air. */
  readonly index: boolean;
  /** Whether broadcasts may be had in low latency. Default true. */
  readonly lowLatency?: boolean;
  /** Whether there are endless streams. Default false. */
  readonly streams?: boolean;
  /** The URL of shows' pictures, as in `ShowsOptions`. */
  readonly artworkUrl?: string | undefined;
  /** Where broadcasts' files are. */
  readonly rootDir: string;
  /** How shows are rewound; `undefined` where they are not. */
  readonly rewind?: RewindSettings | undefined;
  /** Whether there are other boxes, which may have what is not here. Default false. */
  readonly hasOthers?: boolean;
  readonly preroll: Pick<Preroll, "files">;
  /** What browsers are told of HTTPS; nothing by default. */
  readonly https?: HttpsRules | undefined;
  readonly counts: LentCounts;
  readonly levels: LogLevels;
  readonly entrance: EntranceSettings;
  /** The JSON of the key set; `undefined` where there is none so far, or none is needed. */
  readonly keySet: string | undefined;
  /** `undefined` where there is no TLS. */
  readonly secure: SecureSettings | undefined;
}

/** Where a thread listens with TLS, and with what. */
export interface SecureSettings {
  readonly addr: ListenAddress;
  readonly pair: PemPair;
  readonly counts: LentCounts;
}

/** A thread wants a segment that another box has. Each question is answered, in whatever order. */
export interface ElsewhereQuestion extends SegmentWanted {
  readonly id: number;
}

export interface ElsewhereAnswer {
  /** That of the question. */
  readonly id: number;
  /** The thread's to keep; `undefined` where no box has it. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** Whether it cannot be had now. */
  readonly isLate: boolean;
}

/** How shows are rewound. */
export interface RewindSettings {
  /** Where recordings are. */
  readonly path: string;
  /** How far behind its newest frame a show may be heard, in milliseconds; `Infinity`: all of it. */
  readonly boundMs: number;
}

/** What of a thread's log is written. */
export interface LogLevels {
  /** The lowest level of the server's own log; null where nothing is logged. */
  readonly own: LogLevel | null;
  /** Whether requests are logged. */
  readonly access: boolean;
  /** How many lines of requests it may send at a time, ten times a second. */
  readonly maxLines: number;
}

/** A line of the log, but for what the log's format puts before it. */
export interface LoggedLine {
  readonly category: readonly string[];
  readonly level: LogLevel;
  /** In milliseconds since the epoch. */
  readonly timestamp: number;
  readonly text: string;
}

/** That a thread is alive, and what was counted in it since the last pulse. */
export interface Pulse {
  /** How often the beginning of each segment was sent. */
  readonly fetches: readonly Fetched[];
  readonly answers: readonly AnswerCounts[];
  /** How late the pulse is, in milliseconds. */
  readonly lateMs: number;
  /** Bytes of the segments that came with versions, so far. */
  readonly takenBytes: number;
  /** Who is sent endless streams now. */
  readonly streams: StreamAudience;
  /** Bytes of endless streams that came, so far. */
  readonly takenStreamBytes: number;
  /** How often it had to listen again, so far. */
  readonly restarts: number;
  /** Why it does not listen, as sentences. */
  readonly problems: readonly string[];
  /** Whether it turned somebody away a moment ago because all connections were taken. */
  readonly isFull: boolean;
}

/** A segment of the broadcast `name`. */
export interface Fetched {
  readonly name: string;
  readonly file: string;
  readonly count: number;
}
