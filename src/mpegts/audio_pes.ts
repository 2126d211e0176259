import type { AudioConfig } from "../audio/audio_config.ts";
import type { ElementaryStreamParser, ParserMaker } from "../audio/codec.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import { CLOCK_RATE, CLOCK_WRAP } from "./packet.ts";
import { MAX_PES_BYTES, parsePes, pesBytes } from "./pes.ts";

/** Where access units go with their times. */
export interface TimedSink {
  /** The configuration of the access units that follow: before the first, and at each change. */
  configure(config: AudioConfig): void;
  /**
   * One raw access unit; `data` is valid during the call only.
   * @param timeMs its presentation time, unwrapped; `undefined` until the stream has told one
   */
  write(data: Uint8Array, timeMs: number | undefined): void;
  /** Something that could not be parsed. */
  bad(count: number): void;
}

/**
 * Puts the PES packets of one audio stream together and gives its access units their times: a PTS
 * belongs to the first one that begins in its PES packet (ISO/IEC 13818-1 2.4.3.7), those after it
 * follow by their samples.
 */
export class AudioPes {
  readonly #sink: TimedSink;
  readonly #parser: ElementaryStreamParser;
  readonly #pes = new ByteBuffer(INITIAL_PES_BYTES);
  /** What {@link #pes} holds: nothing, a PES packet from its start on, what comes behind a hole. */
  #state: "waiting" | "whole" | "headless" = "waiting";
  /** Bytes that the parser was fed. */
  #fedBytes = 0;
  /** A PTS whose access unit has not come yet, and where this begins at the earliest. */
  #nextPts: { readonly pts90k: number; readonly offset: number } | undefined;
  /** The last PTS, unwrapped, and the access units since. */
  #pts90k: number | undefined;
  #framesSincePts = 0;
  #sampleRate = 0;
  #samplesPerFrame = 0;

  constructor(sink: TimedSink, makeParser: ParserMaker) {
    this.#sink = sink;
    this.#parser = makeParser({
      configure: (config) => {
        this.#sampleRate = config.sampleRate;
        this.#samplesPerFrame = config.samplesPerFrame;
        sink.configure(config);
      },
      write: (data, offset) => sink.write(data, this.#timeOf(offset)),
      bad: (count) => sink.bad(count),
    });
  }

  /** Takes the payload of the stream's next packet; `unitStart` where a PES packet begins with it. */
  push(payload: Uint8Array, unitStart: boolean): void {
    if (unitStart) {
      this.finish();
      this.#state = "whole";
    }
    if (this.#state === "waiting") return;
    if (this.#pes.length + payload.length > MAX_PES_BYTES) {
      this.finish(); // one without a length may go on for ever
      this.#state = "headless";
    }
    this.#pes.append(payload);
    if (this.#state === "whole" && this.#pes.length >= pesBytes(this.#pes.bytes)) this.finish();
  }

  /** Hands on the access units that are whole of what came of the open PES packet. */
  finish(): void {
    const data = this.#data();
    this.#pes.length = 0;
    this.#state = "waiting";
    if (data === undefined) return;
    this.#parser.feed(data);
    this.#parser.flush();
    this.#fedBytes += data.length;
  }

  /**
   * Packets were lost here. What comes of the PES packet behind the hole goes on at the time where
   * the hole began; the next PTS puts it right.
   */
  lost(): void {
    this.finish();
    this.#parser.reset();
    this.#state = "headless";
  }

  /** What the open PES packet holds; notes its PTS. */
  #data(): Uint8Array | undefined {
    if (this.#state === "waiting") return undefined;
    const bytes = this.#pes.view();
    if (this.#state === "headless") return bytes;
    const pes = parsePes(bytes);
    if (pes === undefined) {
      this.#sink.bad(1);
      return undefined;
    }
    if (pes.pts90k !== undefined) {
      this.#nextPts = { pts90k: pes.pts90k, offset: this.#fedBytes };
    }
    return pes.data;
  }

  #timeOf(offset: number): number | undefined {
    if (this.#nextPts !== undefined && offset >= this.#nextPts.offset) {
      this.#pts90k = unwrap(this.#nextPts.pts90k, this.#pts90k);
      this.#framesSincePts = 0;
      this.#nextPts = undefined;
    } else {
      this.#framesSincePts++;
    }
    if (this.#pts90k === undefined) return undefined;
    const seconds = this.#framesSincePts * this.#samplesPerFrame / this.#sampleRate;
    return (this.#pts90k / CLOCK_RATE + seconds) * 1000;
  }
}

/** Enough for what FFmpeg puts into an audio PES packet. */
const INITIAL_PES_BYTES = 4096;

/** The time of which `pts90k` are the last 33 bits and that is nearest to `before`. */
function unwrap(pts90k: number, before: number | undefined): number {
  if (before === undefined) return pts90k;
  const ahead = (pts90k - before) % CLOCK_WRAP;
  if (ahead >= CLOCK_WRAP / 2) return before + ahead - CLOCK_WRAP;
  return ahead < -CLOCK_WRAP / 2 ? before + ahead + CLOCK_WRAP : before + ahead;
}
