/**
 * Sound that carries its own time: a tone that rises over sixteen seconds of the machine's clock, so
 * that whoever hears its pitch knows when it went into the encoder.
 *
 * @module
 */
import { Child } from "../child.ts";

/** How the pitch tells the time. `clock_ear.js` has the same. */
const PERIOD_S = 16;
const LOWEST_HZ = 400;
const HZ_PER_SECOND = 250;

const SAMPLE_RATE = 48_000;
const WRITE_MS = 10;

/** A DJ whose encoder, FFmpeg, gets each sample of {@link clockSound} at its own time. */
export class ClockEncoder implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #child: Child;
  readonly #fed: Promise<void>;
  #ended = false;

  /** @param url of RTMP */
  constructor(url: string) {
    const input = `tcp://127.0.0.1:${this.#listener.addr.port}`;
    this.#child = new Child("ffmpeg", [
      ...["-hide_banner", "-nostdin", "-v", "error", "-fflags", "nobuffer"],
      ...["-f", "s16le", "-ar", `${SAMPLE_RATE}`, "-ac", "1", "-i", input],
      ...["-c:a", "aac", "-b:a", "128k", "-flush_packets", "1", "-f", "flv", url],
    ]);
    this.#fed = this.#feed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#child[Symbol.asyncDispose]();
    await this.#fed;
    this.#listener.close();
  }

  async #feed(): Promise<void> {
    using connection = await this.#listener.accept();
    const writer = connection.writable.getWriter();
    const startMs = Date.now();
    let sent = 0;
    while (!this.#ended) {
      const due = Math.floor((Date.now() - startMs) * SAMPLE_RATE / 1000);
      try {
        await writer.write(clockSound(startMs, sent, due));
      } catch (error) {
        // Its disposal ends it while it is being fed.
        if (this.#ended) return;
        throw error;
      }
      sent = due;
      await new Promise((resolve) => setTimeout(resolve, WRITE_MS));
    }
  }
}

/**
 * The samples from `first` to before `end` of what begins at `startMs`, in milliseconds since the
 * epoch: 16 bits each, little-endian, one channel.
 */
function clockSound(startMs: number, first: number, end: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(Math.max(0, end - first) * 2));
  for (let i = first; i < end; i++) {
    const t = (startMs / 1000 + i / SAMPLE_RATE) % PERIOD_S;
    const turns = LOWEST_HZ * t + HZ_PER_SECOND * t ** 2 / 2;
    bytes.setInt16((i - first) * 2, Math.round(10_000 * Math.sin(2 * Math.PI * turns)), true);
  }
  return new Uint8Array(bytes.buffer);
}
