/**
 * What stations send, made up as samples: speech, music, noise, tones and silence, the same each time.
 * Levels are those that FFmpeg's `volumedetect` calls mean_volume.
 */
import assert from "node:assert/strict";

/** Samples of one channel between -1 and 1, in blocks of a second. */
export type Programme = Iterable<Float32Array>;

export interface ProgrammeOptions {
  /** Samples a second. */
  readonly rate: number;
  readonly seconds: number;
  /** In dBFS: the mean, or what speech and music are about as loud as. */
  readonly levelDb: number;
}

/** A tone of 440 Hz. */
export function* tone({ rate, seconds, levelDb }: ProgrammeOptions): Programme {
  const amplitude = amplitudeOf(levelDb) * Math.SQRT2;
  let phase = 0;
  for (let second = 0; second < seconds; second++) {
    yield new Float32Array(rate).map(() => amplitude * Math.sin(phase += 2 * Math.PI * 440 / rate));
  }
}

/** Noise, which falls off above 3 kHz. */
export function noise(options: ProgrammeOptions): Programme {
  return filteredNoise(options, 3000);
}

/** Noise of which every frequency is as loud. */
export function whiteNoise(options: ProgrammeOptions): Programme {
  return filteredNoise(options, Infinity);
}

function* filteredNoise(
  { rate, seconds, levelDb }: ProgrammeOptions,
  belowHertz: number,
): Programme {
  const random = randomNumbers(1);
  const keep = Math.exp(-2 * Math.PI * belowHertz / rate);
  // The power of white noise of -1 to 1 is 1/3, of which the filter leaves a part.
  const gain = amplitudeOf(levelDb) * Math.sqrt(3 * (1 + keep) / (1 - keep));
  let last = 0;
  for (let second = 0; second < seconds; second++) {
    yield new Float32Array(rate).map(() => {
      last = keep * last + (1 - keep) * (2 * random() - 1);
      return gain * last;
    });
  }
}

/** Nothing but zeros. */
export function* zeros({ rate, seconds }: Pick<ProgrammeOptions, "rate" | "seconds">): Programme {
  for (let second = 0; second < seconds; second++) yield new Float32Array(rate);
}

/**
 * Somebody who speaks: syllables, some of them hissed, with pauses between words, sentences and,
 * now and then, of some seconds, in a room at -65 dBFS.
 */
export function* speech({ rate, seconds, levelDb }: ProgrammeOptions): Programme {
  const random = randomNumbers(2);
  const voice = new Voice(rate, random);
  const gain = amplitudeOf(levelDb) / VOICE_LEVEL;
  const room = amplitudeOf(-65) * Math.sqrt(3);
  let left = 0;
  let isPause = true;
  for (let second = 0; second < seconds; second++) {
    yield new Float32Array(rate).map(() => {
      if (left-- <= 0) {
        isPause = !isPause && random() < 0.3;
        const lasts = isPause ? pauseSeconds(random()) : 0.08 + 0.17 * random();
        left = Math.round(lasts * rate);
        if (!isPause) voice.begin(left);
      }
      return (isPause ? 0 : gain * voice.next()) + room * (2 * random() - 1);
    });
  }
}

/**
 * Slow chords that swell and fade, now and then 15 dB quieter for half a minute, with rests of up to
 * 8 s, in a hall at -75 dBFS.
 */
export function* music({ rate, seconds, levelDb }: ProgrammeOptions): Programme {
  const random = randomNumbers(3);
  const hall = amplitudeOf(-75) * Math.sqrt(3);
  const chord = new Chord(rate);
  let left = 0;
  let chords = 0;
  for (let second = 0; second < seconds; second++) {
    yield new Float32Array(rate).map(() => {
      if (left-- <= 0) {
        chords++;
        const isRest = chords % 25 === 0;
        const lasts = isRest ? 2 + 6 * random() : 2.5 + 3 * random();
        const isQuiet = chords % 20 > 12;
        const gain = isRest ? 0 : amplitudeOf(levelDb - (isQuiet ? 15 : 0) + 6 * random() - 3);
        left = Math.round(lasts * rate);
        chord.begin(left, gain, random);
      }
      return chord.next() + hall * (2 * random() - 1);
    });
  }
}

/** One after the other. */
export function* together(...programmes: Programme[]): Programme {
  for (const programme of programmes) yield* programme;
}

/** Between words, sentences and thoughts. @param chance 0 to 1 */
function pauseSeconds(chance: number): number {
  if (chance < 0.75) return 0.1 + 0.2 * chance;
  return chance < 0.98 ? 0.4 + 1.2 * (chance - 0.75) * 4 : 3;
}

/** How loud {@link Voice} is by itself, while it speaks: measured. */
const VOICE_LEVEL = 0.018;

/** Pulses of a voice, or noise, through three formants. */
class Voice {
  readonly #rate: number;
  readonly #random: () => number;
  readonly #formants = [new Resonator(), new Resonator(), new Resonator()];
  #at = 0;
  #length = 1;
  #phase = 0;
  #pitch = 120;
  #isHiss = false;

  constructor(rate: number, random: () => number) {
    this.#rate = rate;
    this.#random = random;
  }

  /** A syllable of so many samples. */
  begin(length: number): void {
    const random = this.#random;
    this.#at = 0;
    this.#length = length;
    this.#pitch = 95 + 60 * random();
    this.#isHiss = random() < 0.2;
    const hertz = [300 + 500 * random(), 900 + 1400 * random(), 2400 + 600 * random()];
    this.#formants.forEach((formant, i) => formant.tune(hertz[i] ?? 0, 80 + 40 * i, this.#rate));
  }

  next(): number {
    this.#phase += this.#pitch / this.#rate;
    let pulse = 0;
    if (this.#phase >= 1) {
      this.#phase -= 1;
      pulse = 1;
    }
    const source = this.#isHiss ? 0.1 * (2 * this.#random() - 1) : pulse;
    const envelope = Math.sin(Math.PI * this.#at++ / this.#length);
    return envelope * this.#formants.reduce((sum, formant) => sum + formant.filter(source), 0);
  }
}

/** A resonance: a filter of two poles. */
class Resonator {
  #b1 = 0;
  #b2 = 0;
  #gain = 0;
  #y1 = 0;
  #y2 = 0;

  tune(hertz: number, bandwidth: number, rate: number): void {
    const radius = Math.exp(-Math.PI * bandwidth / rate);
    this.#b1 = 2 * radius * Math.cos(2 * Math.PI * hertz / rate);
    this.#b2 = -radius * radius;
    this.#gain = 1 - radius;
  }

  filter(x: number): number {
    const y = this.#gain * x + this.#b1 * this.#y1 + this.#b2 * this.#y2;
    this.#y2 = this.#y1;
    return this.#y1 = y;
  }
}

const NOTES = [0, 4, 7, 12, 9, 5, 2];
const PARTIALS = 4;

/** Three notes with overtones, each a pointer that turns. */
class Chord {
  readonly #rate: number;
  readonly #cos: number[] = [];
  readonly #sin: number[] = [];
  readonly #turnCos: number[] = [];
  readonly #turnSin: number[] = [];
  readonly #loudness: number[] = [];
  #at = 0;
  #length = 1;
  #gain = 0;

  constructor(rate: number) {
    this.#rate = rate;
  }

  /** @param gain the root mean square of the chord */
  begin(length: number, gain: number, random: () => number): void {
    this.#at = 0;
    this.#length = length;
    // The envelope has half the power of a chord that does not fade.
    this.#gain = gain * Math.SQRT2;
    let power = 0;
    for (let i = 0; i < 3 * PARTIALS; i++) {
      const partial = 1 + i % PARTIALS;
      const note = NOTES[Math.floor(random() * NOTES.length)] ?? 0;
      const hertz = 110 * 2 ** (note / 12) * partial * (1 + Math.floor(i / PARTIALS));
      const turn = 2 * Math.PI * hertz / this.#rate;
      this.#cos[i] ??= 1;
      this.#sin[i] ??= 0;
      this.#turnCos[i] = Math.cos(turn);
      this.#turnSin[i] = Math.sin(turn);
      this.#loudness[i] = 1 / partial;
      power += (1 / partial) ** 2 / 2;
    }
    this.#gain /= Math.sqrt(power);
  }

  next(): number {
    const envelope = Math.sin(Math.PI * this.#at++ / this.#length);
    let sum = 0;
    for (let i = 0; i < this.#cos.length; i++) {
      const [cos = 0, sin = 0] = [this.#cos[i], this.#sin[i]];
      const [turnCos = 0, turnSin = 0] = [this.#turnCos[i], this.#turnSin[i]];
      this.#cos[i] = cos * turnCos - sin * turnSin;
      this.#sin[i] = sin * turnCos + cos * turnSin;
      sum += sin * (this.#loudness[i] ?? 0);
    }
    return this.#gain * envelope * sum;
  }
}

/** The amplitude of a level, where 1 is full scale. */
export function amplitudeOf(levelDb: number): number {
  return 10 ** (levelDb / 20);
}

/** The same numbers from 0 to 1 each time (a linear congruential generator). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Encodes a programme with FFmpeg.
 * @param channels as many that are the same
 * @param output FFmpeg's arguments for codec and container, but for where it goes
 */
export async function encodeProgramme(
  programme: Programme,
  { rate, channels = 1, output }: {
    readonly rate: number;
    readonly channels?: number;
    readonly output: readonly string[];
  },
): Promise<Uint8Array> {
  const input = ["-f", "f32le", "-ar", `${rate}`, "-ac", "1", "-i", "pipe:0"];
  const args = ["-v", "error", ...input, "-ac", `${channels}`, ...output, "pipe:1"];
  return await encodeBy("ffmpeg", args, programme);
}

/**
 * What a program makes of a programme.
 * @param args have it read samples of 32 bits from its input, and write to its output
 */
export async function encodeBy(
  program: string,
  args: readonly string[],
  programme: Programme,
): Promise<Uint8Array> {
  const child = new Deno.Command(program, {
    args: [...args],
    ...{ stdin: "piped", stdout: "piped", stderr: "inherit" },
  }).spawn();
  const written = writeAll(child.stdin, programme);
  const bytes = new Uint8Array(await new Response(child.stdout).arrayBuffer());
  await written;
  assert.equal((await child.status).code, 0);
  return bytes;
}

async function writeAll(stdin: WritableStream<Uint8Array>, programme: Programme): Promise<void> {
  const writer = stdin.getWriter();
  for (const block of programme) {
    await writer.write(new Uint8Array(block.buffer, 0, block.byteLength));
  }
  await writer.close();
}
