/** The benchmark `frame`: what one frame costs from the bytes of a read to a segment. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BufferPool } from "../src/hls/buffer_pool.ts";
import { FORMATS } from "../src/hls/formats.ts";
import { Segmenter } from "../src/hls/segmenter.ts";
import { RtmpSession } from "../src/rtmp/rtmp_session.ts";
import { Admission } from "../src/session/admission.ts";
import { type Clock, systemClock } from "../src/session/clock.ts";
import { EventBus } from "../src/session/events.ts";
import type { FrameSink } from "../src/session/frame_sink.ts";
import { SERVER_REASON } from "../src/session/reason.ts";
import type { Session } from "../src/session/session.ts";
import type { SessionManager } from "../src/session/session_manager.ts";
import { concat } from "../testing/bytes.ts";
import { clientHello, EncoderMessages } from "../testing/rtmp/encoder_messages.ts";
import { sessionManager } from "../testing/session/session_manager.ts";
import { accessUnits, AUDIO_SPECIFIC_CONFIG, FRAME_MS, LOOP } from "./access_units.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Report } from "./report.ts";
import { FRAMES_PER_SEGMENT, SEGMENT_MS } from "./schedule.ts";

const SESSIONS = 500;
const SECONDS = 5;
const TARGET_MS = 2000;
/** Per session, before anything is measured: buffers have grown, windows are full. */
const WARM_UP_FRAMES = 1000;
/** Frames between two looks at the heap: few enough that seldom a collection comes between. */
const SLICE = 1000;
const SLICES = 100;
/** Frames after which is counted what stayed. */
const KEPT_FRAMES = 500_000;

/** Frames of 21 ms that come in the time between two reads, where many publish. */
const TOGETHER = 4;

/** A frame's way from the bytes of a read to a muxed segment: everything but socket and disk. */
export function frame(
  { numbers: [sessions = SESSIONS, seconds = SECONDS] }: BenchmarkOptions,
): Promise<Report> {
  const one = measure({ sessions, seconds, framesPerRead: 1 });
  const together = measure({ sessions, seconds, framesPerRead: TOGETHER });
  return Promise.resolve({
    title: `frame: ${sessions} sessions in turn, RTMP to segments`,
    figures: [
      { what: "time per frame, one a read", value: one.micros, unit: "µs", budget: 2, digits: 2 },
      {
        what: `… ${TOGETHER} a read, as in a crowd`,
        value: together.micros,
        unit: "µs",
        digits: 2,
      },
      { what: "allocated per frame", value: one.allocated, unit: "bytes" },
      { what: "… that outlives the call", value: Math.round(one.kept), unit: "bytes", budget: 0 },
    ],
    notes: [],
  });
}

interface Costs {
  readonly micros: number;
  readonly allocated: number;
  readonly kept: number;
}

function measure({ sessions, seconds, framesPerRead }: RigOptions & { seconds: number }): Costs {
  const rig = new Rig({ sessions, framesPerRead });
  try {
    rig.feed(Math.max(WARM_UP_FRAMES * sessions, KEPT_FRAMES));
    const micros = timePerFrame(rig, seconds);
    const allocated = allocatedPerFrame(rig);
    const kept = keptPerFrame(rig);
    rig.checkSegments();
    return { micros, allocated, kept };
  } finally {
    rig.stop();
  }
}

/** The median over tenths of `seconds`, so that other work on the machine counts less. */
function timePerFrame(rig: Rig, seconds: number): number {
  return median(Array.from({ length: 10 }, () => {
    const start = performance.now();
    let elapsedMs = 0;
    let frames = 0;
    for (; elapsedMs < 100 * seconds; elapsedMs = performance.now() - start) {
      rig.feed(10_000);
      frames += 10_000;
    }
    return 1000 * elapsedMs / frames;
  }));
}

function allocatedPerFrame(rig: Rig): number {
  return median(Array.from({ length: SLICES }, () => {
    const before = heapBytes();
    rig.feed(SLICE);
    return (heapBytes() - before) / SLICE;
  }));
}

function keptPerFrame(rig: Rig): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  const before = heapBytes();
  rig.feed(KEPT_FRAMES);
  collect();
  return Math.max(0, (heapBytes() - before) / KEPT_FRAMES);
}

function heapBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** As the server's own. */
const AUDIO_TIMEOUT_MS = 10_000;

/** The machine's clock, run ahead as far as frames were fed. */
class RunAheadClock implements Clock {
  aheadMs = 0;

  now(): number {
    return systemClock.now() + this.aheadMs;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.aheadMs;
  }

  awake(nowMs: number = this.monotonic()): number {
    return nowMs;
  }

  waited(sinceMs: number): number {
    return this.monotonic() - sinceMs;
  }

  after: Clock["after"] = (ms, callback) => systemClock.after(ms, callback);
  at: Clock["at"] = (ms, callback) => systemClock.at(ms - this.aheadMs, callback);
  every: Clock["every"] = (ms, callback) => systemClock.every(ms, callback);
}

interface RigOptions {
  readonly sessions: number;
  /** A divisor of {@link LOOP}. */
  readonly framesPerRead: number;
}

/** Sessions that are being published, without connections. */
class Rig {
  readonly #clock = new RunAheadClock();
  readonly #manager: SessionManager;
  readonly #connections: RtmpSession[] = [];
  readonly #framesPerRead: number;
  /** What is read, in a loop. */
  readonly #reads: Uint8Array[];
  readonly #pool = new BufferPool(1 << 20);
  #fed = 0;
  #segments = 0;

  constructor({ sessions, framesPerRead }: RigOptions) {
    this.#framesPerRead = framesPerRead;
    this.#manager = sessionManager({
      clock: this.#clock,
      events: new EventBus(),
      policy: { timeline: { maxDelayMs: 10_000, targetMs: TARGET_MS } },
      maxSessions: sessions,
    });
    this.#manager.addOutput((session) => this.#sink(session));
    const encoder = new EncoderMessages();
    const opening = openingBytes(encoder);
    for (let i = 0; i < sessions; i++) this.#connections.push(this.#connect(`bench-${i}`, opening));
    // The first of them begins the chunk stream; what follows is the same in every later round.
    const frames = (index: number, unit: Uint8Array) =>
      encoder.frame(unit, Math.round(index * FRAME_MS));
    const units = accessUnits();
    units.forEach((unit, index) => frames(index, unit));
    const messages = units.map((unit, index) => frames(LOOP + index, unit));
    this.#reads = Array.from({ length: LOOP / framesPerRead }, (_, read) => {
      return concat(messages.slice(read * framesPerRead, (read + 1) * framesPerRead));
    });
  }

  /** Feeds `count` frames to all sessions in turn. */
  feed(count: number): void {
    const sessions = this.#connections.length;
    for (let i = 0; i < count; i += this.#framesPerRead) {
      const turn = this.#fed / this.#framesPerRead;
      this.#clock.aheadMs = this.#fed * FRAME_MS / sessions;
      const bytes = this.#reads[Math.floor(turn / sessions) % this.#reads.length];
      if (bytes !== undefined) {
        this.#connections[turn % sessions]?.feed(bytes, this.#clock.monotonic());
      }
      this.#fed += this.#framesPerRead;
    }
  }

  /** @throws where the frames that were fed are not in segments */
  checkSegments(): void {
    const sessions = this.#connections.length;
    const expected = sessions * Math.floor(this.#fed / sessions / FRAMES_PER_SEGMENT);
    if (Math.abs(this.#segments - expected) <= sessions) return;
    throw new Error(
      `Cannot trust the figures: expected ${expected} segments, got ${this.#segments}`,
    );
  }

  stop(): void {
    this.#manager.stop("shutdown", SERVER_REASON);
  }

  #connect(name: string, opening: Uint8Array): RtmpSession {
    const close = () => session.close();
    const transport = { protocol: "rtmp", address: "127.0.0.1", close } as const;
    const session: RtmpSession = new RtmpSession({
      publish: () => {
        const admission = new Admission({
          clock: this.#clock,
          doorkeeper: this.#manager,
          audioTimeoutMs: AUDIO_TIMEOUT_MS,
          seen: () => session.seen,
          request: () => ({ name, key: undefined, transport }),
          onAdmitted: () => session.accept(),
          onRefused: (why) => session.refuse(why),
        });
        admission.enter();
        return admission;
      },
      send: () => {},
      onUnused: () => {},
    });
    session.feed(opening);
    return session;
  }

  #sink(_: Session): FrameSink {
    const segmenter = new Segmenter(TARGET_MS, FORMATS, ({ packages, durationUs }) => {
      if (Math.abs(durationUs / 1000 - SEGMENT_MS) < 1) this.#segments++;
      for (const bytes of packages) this.#pool.recycle(this.#pool.copy(bytes));
    });
    return {
      start: (config) => segmenter.start(config),
      write: (frame) => segmenter.write(frame),
      discontinuity: () => segmenter.discontinuity(),
      end: () => segmenter.cut(),
    };
  }
}

/** All that an encoder sends before its first frame. */
function openingBytes(encoder: EncoderMessages): Uint8Array {
  const hello = clientHello();
  const parts = [
    hello,
    hello.subarray(1),
    encoder.chunkSize(4096),
    encoder.connect("live"),
    encoder.createStream(),
    encoder.publish("bench"),
    encoder.config(AUDIO_SPECIFIC_CONFIG),
  ];
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
