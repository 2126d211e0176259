/**
 * Listeners in low latency: low_listeners.ts PORT LISTENERS SHOWS STARTED_AT SECONDS. Each asks for
 * the next part's version of the playlist, then for that part, as players do. Run by the benchmark.
 */
import { frameNumber } from "./access_units.ts";
import type { LowAnswerTimes } from "./low_latency.ts";
import { Schedule } from "./schedule.ts";

const READ_BYTES = 32_768;
/** A listener that begins makes the server open a show for it: that is not measured. */
const WARM_UP_MS = 5000;
const JOINING_AT_ONCE = 20;

/** How long after a part's last frame it was answered, by show and part. */
class Answers {
  readonly playlistMs: number[] = [];
  readonly partMs: number[] = [];
  /** Of each part the last answer. */
  readonly lastMs = new Map<string, number>();
  failures = 0;

  add(part: string, playlistMs: number, partMs: number): void {
    this.playlistMs.push(playlistMs);
    this.partMs.push(partMs);
    this.lastMs.set(part, Math.max(playlistMs, this.lastMs.get(part) ?? 0));
  }
}

/** A connection that asks for one thing after the other. */
class Connection {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(READ_BYTES);

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** The body of the answer, valid until the next request. @throws where that is none */
  async get(path: string): Promise<Uint8Array> {
    const request = encoder.encode(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
    for (let at = 0; at < request.length;) at += await this.#conn.write(request.subarray(at));
    let [length, body, whole] = [0, 0, NaN];
    while (!(length >= whole)) {
      const count = await this.#conn.read(this.#buffer.subarray(length));
      if (count === null || count === 0) throw new Error("Cannot read the answer: it is cut off");
      length += count;
      if (!Number.isNaN(whole)) continue;
      const text = latin1.decode(this.#buffer.subarray(0, length));
      const headEnd = text.indexOf("\r\n\r\n");
      if (headEnd < 0) continue;
      if (!text.startsWith("HTTP/1.1 200")) throw new Error(text.slice(0, 20));
      body = headEnd + 4;
      whole = body + Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1]);
    }
    return this.#buffer.subarray(body, whole);
  }
}

async function listen(port: number, stream: number, answers: Answers): Promise<void> {
  const path = `/cast/bench-${stream}`;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const connection = new Connection(conn);
  let hint = hintOf(await connection.get(`${path}/low-media.m3u8`));
  while (Date.now() < endAt) {
    const [, sequence, part] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(hint) ?? [];
    const query = `_HLS_msn=${sequence}&_HLS_part=${part}`;
    const text = await connection.get(`${path}/low-media.m3u8?${query}`);
    const playlistAt = now();
    const next = hintOf(text);
    const frame = lastFrame(await connection.get(`${path}/${hint}`));
    const partAt = now();
    const sentAt = startedAt + schedule.timeMs(stream, frame);
    if (playlistAt > measuredFrom) {
      answers.add(`${stream}/${hint}`, playlistAt - sentAt, partAt - sentAt);
    }
    hint = next;
  }
}

/** The part that comes next. */
function hintOf(playlist: Uint8Array): string {
  const hint = /TYPE=PART,URI="([^"]+)"\n$/.exec(latin1.decode(playlist))?.[1];
  if (hint === undefined) throw new Error("Cannot find a hint in the playlist");
  return hint;
}

/** The number of a part's last frame: the sizes of its frames stand at the end of its moof. */
function lastFrame(part: Uint8Array): number {
  const view = new DataView(part.buffer, part.byteOffset, part.length);
  const moofBytes = view.getUint32(0);
  const size = view.getUint32(moofBytes - 4);
  return frameNumber(part.subarray(part.length - size)) ?? NaN;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function percentile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
}

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");
const [port = NaN, listeners = NaN, shows = NaN, startedAt = NaN, seconds = NaN] = Deno.args
  .map(Number);
const schedule = new Schedule(shows);
const measuredFrom = Date.now() + WARM_UP_MS;
const endAt = measuredFrom + seconds * 1000;
const answers = new Answers();
const running: Promise<void>[] = [];
for (let i = 0; i < listeners; i++) {
  running.push(
    listen(port, i % shows, answers).catch((error) => {
      if (answers.failures++ === 0) console.error(String(error));
    }),
  );
  if (i % JOINING_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}
await Promise.all(running);
const result: LowAnswerTimes = {
  answers: answers.playlistMs.length,
  seconds,
  failures: answers.failures,
  playlistP50Ms: percentile(answers.playlistMs, 0.5),
  playlistP99Ms: percentile(answers.playlistMs, 0.99),
  partP99Ms: percentile(answers.partMs, 0.99),
  lastP99Ms: percentile(answers.lastMs.values(), 0.99),
};
console.log(JSON.stringify(result));
