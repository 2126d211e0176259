/** Reads a fallback file: AAC in ADTS, or MP3. */
import type { AccessUnitSink } from "../audio/access_unit_sink.ts";
import type { AudioConfig } from "../audio/audio_config.ts";
import type { ParserMaker } from "../audio/codec.ts";
import { codecOf } from "../audio/codec_of.ts";
import { UnsupportedAudio } from "../audio/unsupported_audio.ts";
import { FileError } from "../disk/small_file.ts";
import type { FallbackAudio } from "../session/fallback_audio.ts";

/**
 * Reads all of a file piece by piece, so that others go on meanwhile.
 * @param makeParser how its audio is found
 * @param maxBytes how large it may be
 * @throws {FileError} where it is not a file of audio that can be played; rejects with what the disk
 *   says
 */
export async function readFallbackAudio(
  path: string,
  makeParser: ParserMaker,
  maxBytes: number,
): Promise<FallbackAudio> {
  const { isFile, size } = await Deno.stat(path);
  if (!isFile) throw new FileError("it is no file");
  if (size > maxBytes) throw new FileError(`it is larger than ${maxBytes / 2 ** 20} MiB`);
  const collector = new Collector(path, size);
  const parser = makeParser(collector);
  using file = await Deno.open(path);
  const piece = new Uint8Array(PIECE_BYTES);
  let left = size;
  try {
    while (left > 0) {
      const count = await file.read(piece.subarray(0, Math.min(left, PIECE_BYTES)));
      if (count === null) break;
      left -= count;
      parser.feed(piece.subarray(0, count));
    }
    parser.flush();
  } catch (error) {
    if (error instanceof UnsupportedAudio) throw new FileError(error.message);
    throw error;
  }
  return collector.audio;
}

/** Gathers the access units of a file in one buffer. */
class Collector implements AccessUnitSink {
  readonly #path: string;
  readonly #bytes: Uint8Array;
  /** Where each access unit ends in {@link #bytes}. */
  readonly #ends: number[] = [];
  #config: AudioConfig | undefined;
  #changes = -1;
  #bad = 0;

  /** @param size of the file: its access units have fewer bytes */
  constructor(path: string, size: number) {
    this.#path = path;
    this.#bytes = new Uint8Array(size);
  }

  configure(config: AudioConfig): void {
    this.#config = config;
    this.#changes++;
  }

  write(data: Uint8Array): void {
    const start = this.#ends.at(-1) ?? 0;
    this.#bytes.set(data, start);
    this.#ends.push(start + data.length);
  }

  bad(count: number): void {
    this.#bad += count;
  }

  /** @throws {FileError} */
  get audio(): FallbackAudio {
    const [config, bytes] = [this.#config, this.#bytes];
    const ends = Uint32Array.from(this.#ends);
    if (config === undefined || ends.length === 0) throw new FileError("there is no audio in it");
    if (this.#changes > 0) throw new FileError("its audio changes its configuration");
    if (this.#bad > 0) throw new FileError(`${this.#bad} places in it are damaged`);
    const first = firstFrame(bytes.subarray(0, ends[0]), config);
    const maxBytes = ends.reduce(
      (most, end, i) => Math.max(most, end - (ends[i - 1] ?? 0)),
      first.length,
    );
    return {
      ...{ path: this.#path, config, frames: ends.length, maxBytes },
      frame: (index) => index === 0 ? first : bytes.subarray(ends[index - 1], ends[index]),
    };
  }
}

/** What a file begins with that was cut out of a longer one: silence where noise would come of it. */
function firstFrame(accessUnit: Uint8Array, config: AudioConfig): Uint8Array {
  const codec = codecOf(config);
  return codec.needsEarlier(accessUnit, config) ? codec.silentFrame(config) : accessUnit;
}

const PIECE_BYTES = 256 * 1024;
