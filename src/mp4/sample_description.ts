/**
 * What the one track holds: stsd with an mp4a entry (ISO/IEC 14496-12 8.5.2 and 12.2.3, 14496-14
 * 5.6) and its elementary stream descriptor (ISO/IEC 14496-1 7.2.6.5).
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Mp4aFields } from "../audio/codec.ts";
import { codecOf } from "../audio/codec_of.ts";
import { type Box, box, fullBox, u16, u32, u8 } from "./boxes.ts";

/** The sample description box of a stream: a single mp4a entry. */
export function sampleDescriptionBox(config: AudioConfig): Box {
  return fullBox("stsd", 0, 0, u32(1), mp4aEntry(config));
}

/** Rate and channels are those of the core, as the track's timescale is. Readers go by the esds. */
function mp4aEntry(config: AudioConfig): Box {
  const fields = codecOf(config).sampleEntry(config);
  const rate = config.sampleRate <= 0xffff ? config.sampleRate : 0;
  return box(
    "mp4a",
    u8(0, 0, 0, 0, 0, 0),
    u16(1), // data_reference_index
    u32(0, 0),
    u16(fields.channelCount, 16, 0, 0), // channelcount, samplesize
    u16(rate, 0), // samplerate, 16.16, which holds no rate above 65535
    esds(fields),
  );
}

function esds({ objectTypeIndication, decoderSpecificInfo }: Mp4aFields): Box {
  const decoderConfig = descriptor(
    DECODER_CONFIG_DESCR_TAG,
    u8(objectTypeIndication, AUDIO_STREAM, 0, 0, 0), // bufferSizeDB 0: not told
    u32(0, 0), // maxBitrate, avgBitrate: a live stream's are not known
    decoderSpecificInfo === undefined
      ? NOTHING
      : descriptor(DEC_SPECIFIC_INFO_TAG, decoderSpecificInfo),
  );
  const slConfig = descriptor(SL_CONFIG_DESCR_TAG, u8(2)); // predefined: MP4 file
  // ES_ID 0 and no flags, as in every MP4 file (14496-14 3.1.2)
  return fullBox("esds", 0, 0, descriptor(ES_DESCR_TAG, u16(0), u8(0), decoderConfig, slConfig));
}

const NOTHING = new Uint8Array();

/** streamType AudioStream (14496-1 table 6), upStream 0, reserved 1. */
const AUDIO_STREAM = (0x05 << 2) | 1;

const ES_DESCR_TAG = 0x03;
const DECODER_CONFIG_DESCR_TAG = 0x04;
const DEC_SPECIFIC_INFO_TAG = 0x05;
const SL_CONFIG_DESCR_TAG = 0x06;

/** Tag, expandable size, payload (ISO/IEC 14496-1 8.3.3). */
function descriptor(tag: number, ...payload: Uint8Array[]): Uint8Array {
  const length = payload.reduce((sum, bytes) => sum + bytes.length, 0);
  const size = length < 0x80 ? [length] : [0x80 | (length >> 7), length & 0x7f];
  return Uint8Array.from([tag, ...size, ...payload.flatMap((bytes) => [...bytes])]);
}
