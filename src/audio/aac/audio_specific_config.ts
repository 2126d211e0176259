/**
 * AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1, of the object types that can be written in ADTS:
 * read, written and compared.
 */
import { BitReader, BitWriter } from "../bits.ts";
import { UnsupportedAudio } from "../unsupported_audio.ts";
import { type AacConfig, SAMPLE_RATES, SAMPLES_PER_FRAME } from "./aac_config.ts";
import { readProgramConfig, writeProgramConfig } from "./program_config.ts";

/**
 * Parses an AudioSpecificConfig as RTMP and MP4 carry it; bytes after it are ignored.
 * @throws {UnsupportedAudio} where Echo does not take the stream
 * @throws {MalformedAudio} where it ends early
 */
export function parseAudioSpecificConfig(bytes: Uint8Array): AacConfig {
  const reader = new BitReader(bytes, "AudioSpecificConfig");
  return readAudioSpecificConfig(reader, reader.remaining);
}

/**
 * Reads an AudioSpecificConfig, which may begin at any bit.
 * @param end the position where it ends; `undefined` where that is not known: a backward compatible
 *   extension (1.6.6.2) cannot be told from what follows then
 * @throws {UnsupportedAudio} where Echo does not take the stream
 * @throws {MalformedAudio} where it ends early
 */
export function readAudioSpecificConfig(reader: BitReader, end: number | undefined): AacConfig {
  const origin = reader.position;
  let objectType = readObjectType(reader);
  const sampleRate = readSampleRate(reader);
  const channelConfiguration = reader.read(4);

  // Hierarchical signalling, 1.6.5.2: SBR's object type comes before the core's.
  const hierarchical = objectType === AOT_SBR || objectType === AOT_PS;
  let sbr = hierarchical ? true : undefined;
  let ps = objectType === AOT_PS ? true : undefined;
  if (hierarchical) {
    readSampleRate(reader);
    objectType = readObjectType(reader);
  }

  const coreObjectType = supportedObjectType(objectType);
  requireTableRate(sampleRate);
  requireAdtsChannels(channelConfiguration);
  const programConfig = readGaSpecificConfig(reader, origin, channelConfiguration);

  if (!hierarchical && end !== undefined) {
    ({ sbr, ps } = readSyncExtension(reader, end));
  }
  return {
    codec: "aac",
    samplesPerFrame: SAMPLES_PER_FRAME,
    objectType: coreObjectType,
    sampleRate,
    channelConfiguration,
    programConfig,
    sbr,
    ps,
  };
}

/**
 * Writes an AudioSpecificConfig. Where the config says that there is SBR, or PS, that is signalled
 * hierarchically. That there is no SBR is said by the backward compatible extension. Where the
 * config says nothing of it, neither is written.
 */
export function writeAudioSpecificConfig(config: AacConfig): Uint8Array {
  const writer = new BitWriter();
  if (config.sbr === true) writeObjectType(writer, config.ps === true ? AOT_PS : AOT_SBR);
  else writeObjectType(writer, config.objectType);
  writeSampleRate(writer, config.sampleRate);
  writer.write(config.channelConfiguration, 4);
  if (config.sbr === true) {
    writeSampleRate(writer, 2 * config.sampleRate);
    writeObjectType(writer, config.objectType);
  }
  writer.write(0, 3); // frameLengthFlag, dependsOnCoreCoder, extensionFlag
  if (config.programConfig !== undefined) writeProgramConfig(writer, config.programConfig);
  if (config.sbr === false) {
    writer.write(SYNC_EXTENSION_SBR, 11);
    writeObjectType(writer, AOT_SBR);
    writer.write(0, 1);
  }
  return writer.toBytes();
}

/** Whether frames of `a` and `b` may follow each other in one stream. */
export function sameAacConfig(a: AacConfig, b: AacConfig): boolean {
  return a.objectType === b.objectType && a.sampleRate === b.sampleRate &&
    a.channelConfiguration === b.channelConfiguration && a.sbr === b.sbr && a.ps === b.ps &&
    sameBytes(a.programConfig, b.programConfig);
}

/**
 * The configuration of a stream that had `before` and goes on with `now`: what both tell of it. One
 * that says nothing of SBR or PS contradicts nothing.
 * @returns `undefined` where the decoder of `before` cannot go on
 */
export function continuation(before: AacConfig, now: AacConfig): AacConfig | undefined {
  const sbr = now.sbr ?? before.sbr;
  const ps = now.ps ?? before.ps;
  const continued = { ...now, sbr, ps };
  const same = sameAacConfig({ ...before, sbr: before.sbr ?? sbr, ps: before.ps ?? ps }, continued);
  return same ? continued : undefined;
}

/** The codecs parameter of RFC 6381: "mp4a.40.2", "mp4a.40.5" with SBR, "mp4a.40.29" with PS. */
export function codecString(config: AacConfig): string {
  if (config.sbr !== true) return `mp4a.40.${config.objectType}`;
  return config.ps === true ? `mp4a.40.${AOT_PS}` : `mp4a.40.${AOT_SBR}`;
}

/**
 * The object type, where Echo takes it.
 * @throws {UnsupportedAudio} where it does not
 */
export function supportedObjectType(objectType: number): AacConfig["objectType"] {
  if (objectType === 1 || objectType === 2 || objectType === 4) return objectType;
  const name = OBJECT_TYPE_NAMES.get(objectType) ?? "audio";
  throw new UnsupportedAudio(`${name} (object type ${objectType})`);
}

/**
 * The sample rate in Hz of a sampling_frequency_index.
 * @throws {UnsupportedAudio} where it is reserved
 */
export function sampleRateByIndex(index: number): number {
  const sampleRate = SAMPLE_RATES[index];
  if (sampleRate === undefined) throw new UnsupportedAudio(`sampling frequency index ${index}`);
  return sampleRate;
}

const AOT_ESCAPE = 31;
const AOT_SBR = 5;
const AOT_PS = 29;

/** Those of ISO/IEC 14496-3 table 1.17 that a DJ's software may send. */
const OBJECT_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [3, "AAC SSR"],
  [5, "SBR without a core"],
  [6, "AAC Scalable"],
  [7, "TwinVQ"],
  [8, "CELP"],
  [9, "HVXC"],
  [17, "ER AAC LC"],
  [19, "ER AAC LTP"],
  [20, "ER AAC Scalable"],
  [22, "ER BSAC"],
  [23, "ER AAC LD"],
  [29, "PS without a core"],
  [32, "MPEG Layer 1"],
  [33, "MPEG Layer 2"],
  [34, "MPEG Layer 3"],
  [36, "MPEG-4 ALS"],
  [37, "MPEG-4 SLS"],
  [39, "ER AAC ELD"],
  [42, "USAC/xHE-AAC"],
]);

const EXPLICIT_RATE_INDEX = 15;
const SYNC_EXTENSION_SBR = 0x2b7;
const SYNC_EXTENSION_PS = 0x548;

function readObjectType(reader: BitReader): number {
  const objectType = reader.read(5);
  return objectType === AOT_ESCAPE ? 32 + reader.read(6) : objectType;
}

function writeObjectType(writer: BitWriter, objectType: number): void {
  writer.write(objectType, 5);
}

/** @returns Hz */
function readSampleRate(reader: BitReader): number {
  const index = reader.read(4);
  return index === EXPLICIT_RATE_INDEX ? reader.read(24) : sampleRateByIndex(index);
}

function writeSampleRate(writer: BitWriter, sampleRate: number): void {
  const index = SAMPLE_RATES.indexOf(sampleRate);
  if (index >= 0) {
    writer.write(index, 4);
  } else {
    writer.write(EXPLICIT_RATE_INDEX, 4);
    writer.write(sampleRate, 24);
  }
}

function requireTableRate(sampleRate: number): void {
  if (!SAMPLE_RATES.includes(sampleRate)) {
    throw new UnsupportedAudio(`a sample rate of ${sampleRate} Hz`);
  }
}

/** ADTS has 3 bits for it, so 8 to 15 do not fit; most of them are reserved. */
function requireAdtsChannels(channelConfiguration: number): void {
  if (channelConfiguration > 7) {
    throw new UnsupportedAudio(`channel configuration ${channelConfiguration}`);
  }
}

/**
 * Reads GASpecificConfig, 4.4.1, of object types 1, 2 and 4.
 * @returns its program config, if any
 */
function readGaSpecificConfig(
  reader: BitReader,
  origin: number,
  channelConfiguration: number,
): Uint8Array | undefined {
  if (reader.flag()) throw new UnsupportedAudio("AAC with 960-sample frames");
  if (reader.flag()) throw new UnsupportedAudio("AAC that depends on a core coder");
  const extensionFlag = reader.flag();
  const programConfig = channelConfiguration === 0 ? readProgramConfig(reader, origin) : undefined;
  if (extensionFlag) reader.skip(1); // extensionFlag3
  return programConfig;
}

/**
 * Reads the backward compatible extension at the end of an AudioSpecificConfig, if there is one.
 */
function readSyncExtension(
  reader: BitReader,
  end: number,
): { sbr: boolean | undefined; ps: boolean | undefined } {
  const unknown = { sbr: undefined, ps: undefined };
  if (end - reader.position < 16) return unknown;
  if (reader.read(11) !== SYNC_EXTENSION_SBR || readObjectType(reader) !== AOT_SBR) return unknown;
  if (end - reader.position < 1) return unknown;
  if (!reader.flag()) return { sbr: false, ps: undefined };
  readSampleRate(reader);
  if (end - reader.position < 12 || reader.read(11) !== SYNC_EXTENSION_PS) {
    return { sbr: true, ps: undefined };
  }
  return { sbr: true, ps: reader.flag() };
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
