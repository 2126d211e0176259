/** Takes the audio out of an MPEG transport stream, ISO/IEC 13818-1. */
import { tsParserOf } from "../audio/codec_of.ts";
import { UnsupportedAudio } from "../audio/unsupported_audio.ts";
import { AudioPes, type TimedSink } from "./audio_pes.ts";
import { Id3Pes, METADATA_STREAM_TYPE } from "./id3_stream.ts";
import {
  DISCONTINUITY,
  HAS_ADAPTATION_FIELD,
  HAS_PAYLOAD,
  PACKET_BYTES,
  PACKET_HEADER_BYTES,
  PAT_PID,
  PAYLOAD_UNIT_START,
  TRANSPORT_ERROR,
} from "./packet.ts";
import { PacketFinder } from "./packet_finder.ts";
import { type ElementaryStream, parseProgramAssociation, parseProgramMap } from "./psi.ts";
import { SectionAssembler } from "./section_assembler.ts";
import { streamName } from "./stream_name.ts";

/**
 * Demultiplexes a transport stream that comes in pieces of any size and may begin anywhere. From
 * the first program it takes the first stream that Echo takes, and passes over all else.
 */
export class TsDemuxer {
  readonly #sink: TimedSink;
  readonly #finder: PacketFinder;
  readonly #pat = new SectionAssembler((section) => this.#takePat(section));
  #pmt = new SectionAssembler((section) => this.#takePmt(section));
  #pmtPid: number | undefined;
  #streams: readonly ElementaryStream[] = [];

  /** PIDs of streams that turned out to be something else than Echo takes. */
  readonly #unsupported = new Set<number>();
  #audioStream: ElementaryStream | undefined;
  #audio: AudioPes | undefined;
  /** continuity_counter of the audio stream's last packet with payload. */
  #counter: number | undefined;
  #id3Pid: number | undefined;
  readonly #id3 = new Id3Pes((texts, pts90k) => {
    const timeMs = pts90k === undefined ? undefined : this.#audio?.timeMsOf(pts90k);
    this.#sink.metadata?.(texts, timeMs);
  });

  constructor(sink: TimedSink) {
    this.#sink = sink;
    this.#finder = new PacketFinder({
      packet: (bytes, at) => this.#packet(bytes, at),
      bad: (count) => sink.bad(count),
    });
  }

  /** The streams of the program, as its users call them; empty until the PMT has come. */
  get streamNames(): readonly string[] {
    return this.#streams.map(streamName);
  }

  /** Whether the program has a stream whose codec Echo takes, by its PMT. */
  get hasAudio(): boolean {
    return this.#audioStream !== undefined;
  }

  /**
   * Takes the stream's next piece.
   * @throws {UnsupportedAudio} where Echo does not take the stream
   */
  feed(bytes: Uint8Array): void {
    this.#finder.feed(bytes);
  }

  /** To be called where the stream is over: hands on what is whole in the last PES packet. */
  flush(): void {
    this.#finder.flush();
    this.#id3.finish();
    this.#audio?.finish();
  }

  #packet(bytes: Uint8Array, at: number): void {
    const byte1 = bytes[at + 1] ?? 0;
    if ((byte1 & TRANSPORT_ERROR) !== 0) return this.#sink.bad(1);
    const pid = ((byte1 & 0x1f) << 8) | (bytes[at + 2] ?? 0);
    const isAudio = pid === this.#audioStream?.pid;
    if (!isAudio && pid !== PAT_PID && pid !== this.#pmtPid && pid !== this.#id3Pid) return;

    const control = bytes[at + 3] ?? 0;
    let payload = at + PACKET_HEADER_BYTES;
    let discontinuity = false;
    if ((control & HAS_ADAPTATION_FIELD) !== 0) {
      const length = bytes[payload] ?? 0;
      discontinuity = length > 0 && ((bytes[payload + 1] ?? 0) & DISCONTINUITY) !== 0;
      payload += 1 + length;
    }
    const end = at + PACKET_BYTES;
    if (payload > end) return this.#sink.bad(1);
    if ((control & HAS_PAYLOAD) === 0) {
      if (isAudio && discontinuity) this.#counter = undefined;
      return;
    }
    const unitStart = (byte1 & PAYLOAD_UNIT_START) !== 0;
    const data = bytes.subarray(payload, end);
    if (isAudio) this.#takeAudio(data, unitStart, control & 0x0f, discontinuity);
    else if (pid === this.#id3Pid) this.#id3.push(data, unitStart, control & 0x0f);
    else if (pid === PAT_PID) this.#pat.push(data, unitStart);
    else this.#pmt.push(data, unitStart);
  }

  #takePat(section: Uint8Array): void {
    const program = parseProgramAssociation(section)?.[0];
    if (program === undefined || program.pmtPid === this.#pmtPid) return;
    this.#pmtPid = program.pmtPid;
    this.#pmt = new SectionAssembler((section) => this.#takePmt(section));
  }

  #takePmt(section: Uint8Array): void {
    const map = parseProgramMap(section);
    if (map === undefined) return;
    this.#streams = map.streams;
    this.#id3Pid = map.streams.find(({ streamType }) => streamType === METADATA_STREAM_TYPE)?.pid;
    const stream = this.#choose();
    const before = this.#audioStream;
    if (stream?.pid === before?.pid && stream?.streamType === before?.streamType) return;
    this.#audio?.finish();
    this.#begin(stream);
  }

  #choose(): ElementaryStream | undefined {
    return this.#streams.find(({ pid, streamType }) =>
      tsParserOf(streamType) !== undefined && !this.#unsupported.has(pid)
    );
  }

  #begin(stream: ElementaryStream | undefined): void {
    this.#audioStream = stream;
    const makeParser = stream === undefined ? undefined : tsParserOf(stream.streamType);
    this.#audio = makeParser === undefined ? undefined : new AudioPes(this.#sink, makeParser);
    this.#counter = undefined;
  }

  #takeAudio(data: Uint8Array, unitStart: boolean, counter: number, discontinuity: boolean): void {
    const before = discontinuity ? undefined : this.#counter;
    if (counter === before) return; // a duplicate, 2.4.3.3
    this.#counter = counter;
    try {
      if (before !== undefined && counter !== ((before + 1) & 0x0f)) this.#audio?.lost();
      this.#audio?.push(data, unitStart);
    } catch (error) {
      if (!(error instanceof UnsupportedAudio) || !this.#takeAnother()) throw error;
    }
  }

  /** Passes over the stream that is no use: a stream type may stand for more than Echo takes. */
  #takeAnother(): boolean {
    if (this.#audioStream !== undefined) this.#unsupported.add(this.#audioStream.pid);
    const other = this.#choose();
    if (other !== undefined) this.#begin(other);
    return other !== undefined;
  }
}
