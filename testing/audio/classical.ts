/**
 * Classical music, made up: a piano and three strings, from pianissimo to fortissimo and back, with
 * rests, the same each time.
 */
import { amplitudeOf, type Programme, type ProgrammeOptions, randomNumbers } from "./programmes.ts";

/** How loud each dynamic is, in decibels below fortissimo. */
const DYNAMICS = { pp: -40, p: -25, mf: -14, f: -8, ff: 0 };

type Dynamic = keyof typeof DYNAMICS;

/** Some bars that begin at one dynamic and come to another; or a rest, of 2 to 5 s. */
type Passage = readonly [bars: number, from: Dynamic, to: Dynamic] | "rest";

/** About two minutes. A rest and the pianissimo behind it are below -45 dBFS for 10 to 15 s. */
const PIECE: readonly Passage[] = [
  [8, "p", "p"],
  [4, "p", "f"],
  [4, "ff", "ff"],
  [3, "f", "p"],
  "rest",
  [4, "pp", "pp"],
  [8, "p", "p"],
  [4, "mf", "ff"],
  [2, "ff", "mf"],
  [3, "mf", "p"],
  "rest",
  [3, "pp", "pp"],
  [2, "pp", "f"],
];

/**
 * A piece over and over, in a hall at -75 dBFS.
 * @param options `levelDb` is that of fortissimo; pianissimo is 40 dB below it
 */
export function classical(options: ProgrammeOptions): Programme {
  return played(PIECE, options);
}

/** The same instruments, pianissimo all the time. @param options `levelDb` is that of all of it */
export function pianissimo({ rate, seconds, levelDb }: ProgrammeOptions): Programme {
  return played([[8, "pp", "pp"]], { rate, seconds, levelDb: levelDb - DYNAMICS.pp });
}

function* played(piece: readonly Passage[], options: ProgrammeOptions): Programme {
  const { rate, seconds, levelDb } = options;
  const random = randomNumbers(4);
  const hall = amplitudeOf(-75) * Math.sqrt(3);
  const gain = amplitudeOf(levelDb) / NOTES_LEVEL;
  const tape = new Tape(rate);
  const notes = notesOf(piece, random);
  let next = notes.next().value;
  for (let second = 0; second < seconds; second++) {
    for (; next.at < second + 1; next = notes.next().value) tape.record(next, gain);
    yield tape.nextSecond().map((sample) => sample + hall * (2 * random() - 1));
  }
}

/** How loud fortissimo is where the gain is 1: measured. */
const NOTES_LEVEL = 1.55;

interface Note {
  /** In seconds, as what follows. */
  readonly at: number;
  readonly seconds: number;
  readonly hertz: number;
  /** 0 to 1. What is softer is also darker. */
  readonly loudness: number;
  readonly isBowed: boolean;
}

/** I, vi, IV, V: in semitones above D. */
const CHORDS = [[0, 4, 7], [9, 12, 16], [5, 9, 12], [7, 11, 14]];
const D3 = 146.83;
const QUAVERS = 8;

/** All notes of a piece that is repeated, in the order in which they begin. */
function* notesOf(piece: readonly Passage[], random: () => number): Generator<Note, never> {
  let at = 0;
  for (let bar = 0;;) {
    for (const passage of piece) {
      if (passage === "rest") {
        at += 2 + 3 * random();
        continue;
      }
      const [bars, from, to] = passage;
      for (let i = 0; i < bars; i++, bar++) {
        const seconds = 2.4 + 0.4 * random();
        const decibels = DYNAMICS[from] + (DYNAMICS[to] - DYNAMICS[from]) * i / bars;
        const chord = CHORDS[bar % CHORDS.length] ?? [];
        yield* barOf(chord, { at, seconds, loudness: amplitudeOf(decibels) }, random);
        at += seconds;
      }
    }
  }
}

/** A bar: a chord of strings, and on the piano a bass and broken chords. */
function* barOf(
  chord: readonly number[],
  bar: Pick<Note, "at" | "seconds" | "loudness">,
  random: () => number,
): Iterable<Note> {
  const hertz = (semitones: number) => D3 * 2 ** (semitones / 12);
  for (const semitones of chord) yield { ...bar, hertz: hertz(semitones), isBowed: true };
  yield { ...bar, hertz: hertz((chord[0] ?? 0) - 12), isBowed: false };
  for (let quaver = 0; quaver < QUAVERS; quaver++) {
    const semitones = (chord[Math.floor(random() * chord.length)] ?? 0) +
      (random() < 0.5 ? 12 : 24);
    const at = bar.at + bar.seconds * quaver / QUAVERS;
    const loudness = bar.loudness * (0.7 + 0.6 * random());
    yield { at, seconds: MOST_SECONDS, hertz: hertz(semitones), loudness, isBowed: false };
  }
}

/** Notes are over by then. */
const MOST_SECONDS = 3;
const PARTIALS = 5;
const STRIKE_S = 0.005;
const BOW_S = 0.25;

/** What notes sound like together, from the present second on. */
class Tape {
  readonly #rate: number;
  readonly #samples: Float32Array;
  #second = 0;

  constructor(rate: number) {
    this.#rate = rate;
    this.#samples = new Float32Array(rate * (MOST_SECONDS + 1));
  }

  /** @param note begins in the present second */
  record({ at, seconds, hertz, loudness, isBowed }: Note, gain: number): void {
    const start = Math.round((at - this.#second) * this.#rate);
    const brightness = loudness ** 0.25;
    for (let partial = 1; partial <= PARTIALS; partial++) {
      const amplitude = gain * loudness * brightness ** (partial - 1) / partial;
      // Strings of a piano are stiff, and their higher partials die away sooner.
      const stretch = isBowed ? 1 : Math.sqrt(1 + 0.0004 * partial ** 2);
      const fading = isBowed ? 0 : partial * (0.6 + hertz / 500);
      this.#add(start, seconds, hertz * partial * stretch, amplitude, fading, isBowed);
    }
  }

  /** @param fading how many times the amplitude falls to 1/e in a second */
  #add(
    start: number,
    seconds: number,
    hertz: number,
    amplitude: number,
    fading: number,
    isBowed: boolean,
  ): void {
    const rate = this.#rate;
    const samples = this.#samples;
    const length = Math.min(Math.round(seconds * rate), samples.length - start);
    const rise = (isBowed ? BOW_S : STRIKE_S) * rate;
    const fall = BOW_S * rate;
    const kept = Math.exp(-fading / rate);
    const cos = kept * Math.cos(2 * Math.PI * hertz / rate);
    const sin = kept * Math.sin(2 * Math.PI * hertz / rate);
    // A pointer that turns and becomes shorter.
    let x = amplitude;
    let y = 0;
    for (let i = 0; i < length; i++) {
      const envelope = Math.min(1, i / rise, (length - i) / fall);
      samples[start + i] = (samples[start + i] ?? 0) + envelope * y;
      const turned = x * cos - y * sin;
      y = x * sin + y * cos;
      x = turned;
    }
  }

  nextSecond(): Float32Array {
    const second = this.#samples.slice(0, this.#rate);
    this.#samples.copyWithin(0, this.#rate);
    this.#samples.fill(0, this.#samples.length - this.#rate);
    this.#second++;
    return second;
  }
}
