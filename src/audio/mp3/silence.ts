/** Silence in MP3, for what a source does not send. */
import { reservoirBytes } from "./main_data.ts";
import { type Mp3Config, sideInfoBytes } from "./mp3_config.ts";
import { frameBytes, MP3_HEADER_BYTES, mp3Bitrates, writeMp3Header } from "./mp3_header.ts";

/**
 * Makes a silent frame. Its side information is zero: no granule has any bits. What is behind that
 * belongs to no granule, but the next frame of the source may point back into it with its
 * main_data_begin (ISO/IEC 11172-3 2.4.2.7), for bits that were lost. It is all ones, since ones are
 * the code words of zeros: that frame is quiet then.
 *
 * Its bitrate is the lowest at which these are as many as a frame can point back to, since mpg123
 * takes the rest of what it decoded earlier, and makes noise of that.
 */
export function silentMp3Frame(config: Mp3Config): Uint8Array {
  const header = { ...config, layer: 3 } as const;
  const mainData = MP3_HEADER_BYTES + sideInfoBytes(config);
  const leastBytes = mainData + reservoirBytes(config);
  const kbps = mp3Bitrates(config.version).find((kbps) => {
    return frameBytes(header, kbps, 0) >= leastBytes;
  });
  if (kbps === undefined) throw new Error(`Cannot make a frame of ${leastBytes} bytes`);
  const frame = new Uint8Array(frameBytes(header, kbps, 0)).fill(0xff);
  frame.set(writeMp3Header(config, kbps));
  frame.fill(0, MP3_HEADER_BYTES, mainData);
  return frame;
}
