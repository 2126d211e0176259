/**
 * Publishes MP3 in real time: radio_sources_load.ts PROTOCOL PORT SOURCES FILE, by `icecast` or `rtmp`,
 * with the frames of FILE again and again. Run by the benchmark.
 */
import { Buffer } from "node:buffer";
import { Mp3Parser } from "../src/audio/mp3/mp3_parser.ts";
import { MessageType } from "../src/rtmp/message_type.ts";
import { Collector } from "../testing/audio/access_units.ts";
import { EncoderChunkWriter } from "../testing/rtmp/encoder_chunk_writer.ts";
import { RtmpPublisher } from "../testing/rtmp/rtmp_publisher.ts";
import { type LoadEnd, reportLoad } from "./load_process.ts";

const HOSTNAME = "127.0.0.1";
const CHUNK_SIZE = 4096;
const CONNECTING_AT_ONCE = 10;
/** How often it is looked what is due. */
const TICK_MS = 5;
/** MP3 at 44.1 kHz, 16 bit, stereo: Adobe FLV 10.1, E.4.2.1. */
const FLV_MP3 = 0x2f;
/** What icecast2 is told, too. */
const PASSWORD = "bench";

/** Sends the next frame of a broadcast, whose number is `frame`. */
type SendFrame = (data: Uint8Array, frame: number) => Promise<void>;

const [protocol = "", port = "", sources = "", file = ""] = Deno.args;
const frames = framesOf(await Deno.readFile(file));
const frameMs = 1152 / 44.1;
const failed = { count: 0, first: undefined as string | undefined };
const senders: SendFrame[] = [];
const open = protocol === "rtmp" ? openRtmp : openIcecast;
for (let source = 0; source < Number(sources); source += CONNECTING_AT_ONCE) {
  const count = Math.min(CONNECTING_AT_ONCE, Number(sources) - source);
  const opened = Array.from({ length: count }, (_, i) => open(`radio-${source + i}`));
  senders.push(...await Promise.all(opened));
}
await run();

/** Sends to all of them, one after the other, until the benchmark ends it. */
async function run(): Promise<void> {
  const start = performance.now();
  const startedAtMs = Date.now();
  let done = 0;
  let maxLagMs = 0;
  const stepMs = frameMs / senders.length;
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - start) / stepMs);
    maxLagMs = Math.max(maxLagMs, (due - done) * stepMs);
    for (; done < due; done++) {
      const frame = Math.floor(done / senders.length);
      const data = frames[frame % frames.length];
      if (data !== undefined) senders[done % senders.length]?.(data, frame).catch(fail);
    }
  }, TICK_MS);
  await reportLoad({ startedAtMs }, (): LoadEnd => {
    clearInterval(timer);
    return { maxLagMs, failures: failed.count, firstFailure: failed.first };
  });
  Deno.exit();
}

function fail(error: unknown): void {
  failed.count++;
  failed.first ??= String(error);
}

function framesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const found = new Collector();
  const parser = new Mp3Parser(found);
  parser.feed(bytes);
  parser.flush();
  return found.frames;
}

async function openIcecast(name: string): Promise<SendFrame> {
  const conn = await Deno.connect({ hostname: HOSTNAME, port: Number(port) });
  conn.setNoDelay(true);
  const write = async (bytes: Uint8Array) => {
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
  };
  const credentials = Buffer.from(`source:${PASSWORD}`).toString("base64");
  const head =
    `PUT /${name} HTTP/1.1\r\nHost: ${HOSTNAME}\r\nAuthorization: Basic ${credentials}\r\n` +
    "Content-Type: audio/mpeg\r\nice-name: bench\r\nice-public: 0\r\nExpect: 100-continue\r\n\r\n";
  await write(new TextEncoder().encode(head));
  const answer = new Uint8Array(1024);
  const count = await conn.read(answer) ?? 0;
  const text = new TextDecoder().decode(answer.subarray(0, count));
  if (!/^HTTP\/1\.[01] (?:100|200) /.test(text)) throw new Error(`${name} is refused: ${text}`);
  return write;
}

async function openRtmp(name: string): Promise<SendFrame> {
  const options = { hostname: HOSTNAME, port: Number(port), app: "live", chunkSize: CHUNK_SIZE };
  const publisher = await RtmpPublisher.connect(options);
  await publisher.publish(name);
  const writer = new EncoderChunkWriter();
  writer.chunkSize = CHUNK_SIZE;
  return async (data, frame) => {
    const payload = new Uint8Array(1 + data.length);
    payload[0] = FLV_MP3;
    payload.set(data, 1);
    const timestamp = Math.round(frame * frameMs);
    const message = { chunkStreamId: 4, type: MessageType.Audio, streamId: 1, timestamp, payload };
    await publisher.send(writer.write(message));
  };
}
