/** Takes access units and their times out of the PES packets of one audio stream. */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { ElementaryStreamParser, ParserMaker } from "../audio/codec.ts";
import type { Id3Texts } from "../audio/id3_texts.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import { CLOCK_RATE, CLOCK_WRAP } from "./packet.ts";
import { MAX_PES_BYTES, parsePes, pesBytes } from "./pes.ts";

/** Takes access units with their times. */
export interface TimedSink {
  /** The configuration of the access units that follow: before the first, and at each change. */
  configure(config: AudioConfig): void;
  /**
   * One raw access unit; `data` is valid during the call only.
   * @param timeMs its presentation time, which goes on where the PTS wraps; `undefined` until the
   *   first PTS has come
   */
  write(data: Uint8Array, timeMs: number | undefined): void;
  /**
   * What tags of the program tell that are heard from `timeMs` on, which is as in {@link write}.
   * Whoever has no use for it does without this.
   */
  metadata?(texts: Id3Texts, timeMs: number | undefined): void;
  /** What could not be parsed, counted as `AccessUnitSink` counts. */
  bad(count: number): void;
}

/**
 * Puts the PES packets of one audio stream together and gives its access units their times. A PTS
 * belongs to the first access unit that begins in its PES packet (ISO/IEC 13818-1 2.4.3.7); the
 * times of those behind it follow from their samples.
 */
export class AudioPes {
  readonly #sink: TimedSink;
  readonly #parser: ElementaryStreamParser;
  readonly #pes = new ByteBuffer(INITIAL_PES_BYTES);
  /**
   * What {@link #pes} holds: nothing; a PES packet from its start on; or what came behind lost
   * packets.
   */
  #state: "waiting" | "whole" | "headless" = "waiting";
  /** Bytes that the parser was fed. */
  #fedBytes = 0;
  /** A PTS whose access unit has not come yet, and the first offset at which that may begin. */
  #nextPts: { readonly pts90k: number; readonly offset: number } | undefined;
  /** The last PTS, which goes on where it wraps, and how many access units have come since. */
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

  /** Takes the payload of the stream's next packet. With `unitStart`, a PES packet begins in it. */
  push(payload: Uint8Array, unitStart: boolean): void {
    if (unitStart) {
      this.finish();
      this.#state = "whole";
    }
    if (this.#state === "waiting") return;
    if (this.#pes.length + payload.length > MAX_PES_BYTES) {
      this.finish(); // a PES packet without a length may go on for ever
      this.#state = "headless";
    }
    this.#pes.append(payload);
    if (this.#state === "whole" && this.#pes.length >= pesBytes(this.#pes.bytes)) this.finish();
  }

  /** Ends the open PES packet, and hands on the access units that are whole in what came of it. */
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
   * Packets were lost here. Until the next PTS, the times of access units go on as if none had been
   * lost.
   */
  lost(): void {
    this.finish();
    this.#parser.reset();
    this.#state = "headless";
  }

  /** The time of something else in the program, on the same clock as that of access units. */
  timeMsOf(pts90k: number): number {
    return unwrap(pts90k, this.#pts90k) / CLOCK_RATE * 1000;
  }

  /** The data of the open PES packet, whose PTS is noted. */
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

/** Room for the audio PES packets that FFmpeg makes. */
const INITIAL_PES_BYTES = 4096;

/** Of all times whose last 33 bits are `pts90k`, the one that is nearest to `before`. */
function unwrap(pts90k: number, before: number | undefined): number {
  if (before === undefined) return pts90k;
  const ahead = (pts90k - before) % CLOCK_WRAP;
  if (ahead >= CLOCK_WRAP / 2) return before + ahead - CLOCK_WRAP;
  return ahead < -CLOCK_WRAP / 2 ? before + ahead + CLOCK_WRAP : before + ahead;
}
