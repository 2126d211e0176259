/** The benchmark `archive`: long recordings in simulated time, their memory and their end. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Recorder } from "../src/record/recorder.ts";
import { RecordFolder } from "../src/record/record_folder.ts";
import { EventBus } from "../src/session/events.ts";
import type { FrameSink } from "../src/session/frame_sink.ts";
import { FakeClock } from "../testing/fake_clock.ts";
import { readPlainMp4 } from "../testing/mp4/plain_mp4.ts";
import { accessUnits, CONFIG, FRAME_MS, LOOP } from "./access_units.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Report } from "./report.ts";

const RECORDINGS = 10;
const MINUTES = 120;
const MINUTE_FRAMES = Math.round(60_000 / FRAME_MS);
/** By then all that a recording needs has been allocated. */
const SETTLED_MINUTES = 10;
/** What may be on its way to the disk: the open fragment, and one that is being written. */
const OPEN_MS = 3000;
/** What a heap of this size differs by from one look to the next. */
const HEAP_NOISE_KIB = 64;

/** Long shows in simulated time: what they keep in memory, and what finishing them holds up. */
export async function archive({ numbers }: BenchmarkOptions): Promise<Report> {
  const [recordings = RECORDINGS, minutes = MINUTES] = numbers;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  const shows = new Shows(new RecordFolder(`${folder}/record`), recordings);
  try {
    await shows.play(Math.min(SETTLED_MINUTES, minutes / 2));
    const before = heapBytes();
    await shows.play(minutes - Math.min(SETTLED_MINUTES, minutes / 2));
    const grown = Math.max(0, heapBytes() - before) / 1024 / recordings;
    const finishing = await shows.finish();
    return {
      title: `archive: ${recordings} shows of ${minutes} minutes, 128 kb/s, simulated time`,
      figures: [
        {
          what: "event loop held, most",
          value: finishing.heldMs,
          unit: "ms",
          budget: 20,
          digits: 1,
        },
        { what: "all finished after", value: finishing.tookMs, unit: "ms" },
        { what: "memory grown per show", value: grown, unit: "KiB", budget: HEAP_NOISE_KIB },
        { what: "frames lost", value: await shows.lost(), unit: "", budget: 0 },
      ],
      notes: ["held: while the recordings were finished, beyond the turn of a timer of 1 ms"],
    };
  } finally {
    await shows.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Recordings of the same frames. */
class Shows {
  readonly #folder: RecordFolder;
  readonly #recorder: Recorder;
  readonly #clock = new FakeClock();
  readonly #sinks: readonly FrameSink[];
  readonly #units = accessUnits();
  readonly #parts: string[] = [];
  #completed = 0;
  #frames = 0;

  constructor(folder: RecordFolder, count: number) {
    const events = new EventBus();
    events.subscribe((event) => {
      if (event.kind === "record-start") this.#parts.push(event.path.split("/").at(-1) ?? "");
      if (event.kind === "record-complete") this.#completed++;
    });
    this.#folder = folder;
    this.#recorder = new Recorder({
      clock: this.#clock,
      events,
      folder,
      append: false,
      rules: { maxAgeMs: 0, maxBytes: 0 },
    });
    this.#sinks = Array.from({ length: count }, (_, id) => {
      const session = { id, name: `bench-${id}`, protocol: "rtmp", props: {}, streamFacts: {} };
      return this.#recorder.output({ ...session, protocol: "rtmp" });
    });
    for (const sink of this.#sinks) sink.start(CONFIG);
  }

  async play(minutes: number): Promise<void> {
    const end = this.#frames + Math.round(minutes * MINUTE_FRAMES);
    while (this.#frames < end) {
      for (let i = 0; i < LOOP && this.#frames < end; i++) this.#write(this.#frames++);
      await this.#clock.advance(LOOP * FRAME_MS);
      while (!this.#written()) await new Promise((resolve) => setTimeout(resolve));
    }
  }

  /** Whether the disk, which takes real time, has caught up. */
  #written(): boolean {
    const playedMs = this.#frames * FRAME_MS;
    if (this.#parts.length < this.#sinks.length) return playedMs < OPEN_MS;
    return this.#parts.every((file) => {
      const { durationMs = 0 } = this.#recorder.find(file) ?? {};
      return playedMs - durationMs < OPEN_MS;
    });
  }

  #write(frame: number): void {
    const data = this.#units[frame % LOOP] ?? new Uint8Array(0);
    const position = frame * CONFIG.samplesPerFrame;
    const dueMs = this.#clock.monotonic();
    for (const sink of this.#sinks) sink.write({ data, position, dueMs, filler: false });
  }

  async finish(): Promise<{ readonly heldMs: number; readonly tookMs: number }> {
    const startedAt = performance.now();
    let heldMs = 0;
    for (const sink of this.#sinks) sink.end("finished");
    for (let at = performance.now(); this.#completed < this.#sinks.length;) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const now = performance.now();
      heldMs = Math.max(heldMs, now - at - 1);
      at = now;
    }
    return { heldMs, tookMs: performance.now() - startedAt };
  }

  /** Frames that are not in the finished recordings, or not where they were. */
  async lost(): Promise<number> {
    let lost = 0;
    for (const id of this.#sinks.keys()) {
      const bytes = await Deno.readFile(this.#folder.pathOf(`bench-${id}.mp4`));
      const found = readPlainMp4(bytes);
      for (let frame = 0; frame < this.#frames; frame++) {
        if (!isSame(found[frame], this.#units[frame % LOOP])) lost++;
      }
    }
    return lost;
  }

  stop(): Promise<void> {
    return this.#recorder.stop();
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every((byte, at) => byte === b[at]);
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
