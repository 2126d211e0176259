/**
 * What differs from codec to codec. Sessions and containers know no codec: they ask a {@link
 * Codec}.
 */
import type { AccessUnitSink } from "./access_unit_sink.ts";
import type { AudioConfig } from "./audio_config.ts";

/**
 * All that Echo needs to know of a codec. There is one object a codec, found by `codecOf`.
 * `Config` is the codec's member of {@link AudioConfig}.
 */
export interface Codec<Config> {
  /** What `samplesPerFrame` may be. */
  readonly frameLengths: readonly number[];
  /** Whether it is offered in fragmented MP4: in low latency, and to be rewound. */
  readonly inFragmentedMp4: boolean;
  /** An access unit of silence, which may stand among those of the source. */
  silentFrame(config: Config): Uint8Array;
  /**
   * Whether an access unit has bits in those before it, so that behind others noise comes of it, as
   * likely as not. Behind a silent one it is quiet.
   */
  needsEarlier(accessUnit: Uint8Array, config: Config): boolean;
  /** The most bytes an access unit may have to fit all that Echo writes. */
  maxAccessUnitBytes(config: Config): number;
  /** The codecs parameter of RFC 6381, for CODECS in playlists. */
  codecString(config: Config): string;
  /** Makes what estimates how loud a stream is. */
  levelMeter(config: Config): LevelMeter;
  /**
   * The configuration of a stream that had `before` and goes on with `now`: what both tell of it.
   * @returns `undefined` where the decoder of `before` cannot go on
   */
  continuation(before: AudioConfig, now: Config): Config | undefined;
  /** How access units are written into the elementary stream of a transport stream. */
  tsFraming(config: Config): TsFraming;
  /** Makers of parsers for such elementary streams, by stream_type (ISO/IEC 13818-1 table 2-34). */
  readonly tsParsers: ReadonlyMap<number, ParserMaker>;
  /** A configuration in a few bytes, of which {@link configOf} makes it again. */
  configBytes(config: Config): Uint8Array;
  /**
   * The configuration that these bytes stand for.
   * @throws {UnsupportedAudio} where Echo does not take the stream
   * @throws {MalformedAudio} where it is none
   */
  configOf(bytes: Uint8Array): Config;
  /** What the sample entry of an MP4 file says of a stream. */
  sampleEntry(config: Config): Mp4aFields;
}

/** Estimates how loud a stream is, without decoding it. It throws at nothing that it is given. */
export interface LevelMeter {
  /**
   * Takes each access unit, in order; what it keeps of one it copies. It is not there where each access
   * unit tells its level by itself.
   */
  take?(accessUnit: Uint8Array): void;
  /**
   * The level (estimate) of the access unit that it has taken last.
   * @returns the mean power of all channels in dBFS, where a full square wave has 0; -Infinity for
   *   digital silence; `undefined` where that cannot be told
   */
  level(accessUnit: Uint8Array): number | undefined;
}

/** The elementary stream of one configuration: each access unit stands behind a header. */
export interface TsFraming {
  /** stream_type, ISO/IEC 13818-1 table 2-34. */
  readonly streamType: number;
  /** Bytes of each header. */
  readonly headerBytes: number;
  /**
   * Writes the header of one access unit.
   * @param accessUnitBytes what follows the header, at most `Codec.maxAccessUnitBytes`
   */
  writeHeader(out: Uint8Array, offset: number, accessUnitBytes: number): void;
}

/** Finds the access units in an elementary stream, and hands them to its sink. */
export interface ElementaryStreamParser {
  /**
   * Takes the next bytes.
   * @throws {UnsupportedAudio} where Echo does not take the stream
   */
  feed(bytes: Uint8Array): void;
  /**
   * To be called where nothing more comes for now.
   * @throws {UnsupportedAudio} where Echo does not take the stream
   */
  flush(): void;
  /** Forgets the frame that has begun, as its rest is lost. */
  reset(): void;
}

/** Makes the parser of one elementary stream. */
export type ParserMaker = (sink: AccessUnitSink) => ElementaryStreamParser;

/** What `mp4a` sample entries (ISO/IEC 14496-14 5.6) differ in, beside the sample rate. */
export interface Mp4aFields {
  readonly channelCount: number;
  /** ISO/IEC 14496-1 table 5. */
  readonly objectTypeIndication: number;
  /**
   * What the decoder is to be set up with, such as an AudioSpecificConfig; `undefined` where the
   * access units tell it.
   */
  readonly decoderSpecificInfo: Uint8Array | undefined;
}
