/** Numbered ADTS frames, a frame a message. */
import { adtsFrame, audioConfig } from "../audio/access_units.ts";

const CONFIG = audioConfig();

/** An ADTS frame that carries `number`, below 65536. */
export function message(number: number, config = CONFIG): Uint8Array<ArrayBuffer> {
  return adtsFrame(config, Uint8Array.of(0x21, number >> 8, number & 0xff, 1, 2, 3));
}

/** Frames that are numbered from `from` on. */
export function messages(count: number, from = 0): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, i) => message(from + i));
}

/** The numbers that access units carry. */
export function numbersOf(frames: readonly Uint8Array[]): number[] {
  return frames.map((frame) => ((frame[1] ?? 0) << 8) | (frame[2] ?? 0));
}

/** All integers from `from` up to `to`, this one not included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
