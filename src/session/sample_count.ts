/** The gapless count of samples on a session's timeline, and what it is in milliseconds. */
export class SampleCount {
  #sampleRate = 0;
  #samplesPerFrame = 0;
  #frameMs = 0;
  #position = 0;
  #placeMs = 0;
  /** Where the frames of this kind began. */
  #baseMs = 0;

  /** Counts on in frames of another kind; positions start at 0 again, time goes on. */
  configure(sampleRate: number, samplesPerFrame: number): void {
    this.#baseMs = this.#placeMs;
    this.#sampleRate = sampleRate;
    this.#samplesPerFrame = samplesPerFrame;
    this.#position = 0;
    this.#frameMs = samplesPerFrame * 1000 / sampleRate;
  }

  /** How long a frame lasts. */
  get frameMs(): number {
    return this.#frameMs;
  }

  /** Samples since the last {@link configure}: the place of the next frame. */
  get position(): number {
    return this.#position;
  }

  /** The place of the next frame, in milliseconds since the timeline began. */
  get placeMs(): number {
    return this.#placeMs;
  }

  /** The next frame has been placed. */
  advance(): void {
    this.#position += this.#samplesPerFrame;
    this.#placeMs = this.#baseMs + this.#position * 1000 / this.#sampleRate;
  }
}
