/**
 * Publishes streams by RTMP in real time: rtmp_load.ts PORT STREAMS [ROOT]. With ROOT, a file with the
 * certificate of an authority, it is over TLS. Run by the benchmark.
 */
import { MessageType } from "../src/rtmp/message_type.ts";
import { EncoderChunkWriter } from "../testing/rtmp/encoder_chunk_writer.ts";
import { RtmpPublisher } from "../testing/rtmp/rtmp_publisher.ts";
import {
  accessUnits,
  AUDIO_SPECIFIC_CONFIG,
  FRAME_MS,
  LOOP,
  setFrameNumber,
} from "./access_units.ts";
import { type LoadEnd, reportLoad } from "./load_process.ts";
import { Schedule } from "./schedule.ts";

/** What OBS sets. */
const CHUNK_SIZE = 4096;
const CONNECTING_AT_ONCE = 20;

/** An audio message as it goes out, and where its access unit begins. */
interface Message {
  readonly bytes: Uint8Array;
  readonly unitAt: number;
}

/**
 * A loop of audio messages behind a configuration at time 0. Their headers tell time as deltas, and
 * those repeat with the loop: so the same bytes serve all connections for ever.
 */
function audioMessages(): Message[] {
  const writer = new EncoderChunkWriter();
  writer.chunkSize = CHUNK_SIZE;
  const write = (index: number, unit: Uint8Array): Message => {
    const payload = Uint8Array.of(0xaf, 1, ...unit);
    const timestamp = Math.round(index * FRAME_MS);
    const chunk = { chunkStreamId: 4, type: MessageType.Audio, streamId: 1, timestamp, payload };
    const bytes = writer.write(chunk);
    return { bytes, unitAt: bytes.length - unit.length };
  };
  const units = accessUnits();
  // The first one written begins its chunk stream; the second round is the loop.
  for (const [index, unit] of units.entries()) write(index, unit);
  return units.map((unit, index) => write(LOOP + index, unit));
}

async function connectAll(
  port: number,
  streams: number,
  root: string | undefined,
): Promise<RtmpPublisher[]> {
  const caCerts = root === undefined ? [] : [Deno.readTextFileSync(root)];
  const publishers: RtmpPublisher[] = [];
  const connect = async (stream: number) => {
    const options = { hostname: "127.0.0.1", port, app: "live", chunkSize: CHUNK_SIZE };
    const publisher = root === undefined
      ? await RtmpPublisher.connect(options)
      : await RtmpPublisher.over(
        await Deno.connectTls({ hostname: "localhost", port, caCerts }),
        options,
      );
    await publisher.publish(`bench-${stream}`);
    await publisher.sendConfig(AUDIO_SPECIFIC_CONFIG);
    publishers[stream] = publisher;
  };
  for (let stream = 0; stream < streams; stream += CONNECTING_AT_ONCE) {
    const count = Math.min(CONNECTING_AT_ONCE, streams - stream);
    await Promise.all(Array.from({ length: count }, (_, i) => connect(stream + i)));
  }
  return publishers;
}

async function main(port: number, streams: number, root: string | undefined): Promise<void> {
  const messages = audioMessages();
  const publishers = await connectAll(port, streams, root);
  const failed = { count: 0, first: undefined as string | undefined };
  const fail = (error: unknown) => {
    failed.count++;
    failed.first ??= String(error);
  };
  let bytes = new Uint8Array(0) as Uint8Array;
  const running = new Schedule(streams).run({
    next: (frame) => {
      const message = messages[frame % LOOP];
      if (message === undefined) return;
      setFrameNumber(message.bytes, message.unitAt, frame);
      bytes = message.bytes;
    },
    send: (stream) => publishers[stream]?.send(bytes).catch(fail),
  });
  await reportLoad({ startedAtMs: running.startedAtMs }, (): LoadEnd => {
    running.stop();
    const { count: failures, first: firstFailure } = failed;
    return { maxLagMs: running.maxLagMs(), failures, firstFailure };
  });
  await Promise.all(publishers.map((publisher) => publisher.vanish()));
}

const [port, streams] = Deno.args.slice(0, 2).map(Number);
await main(port ?? NaN, streams ?? NaN, Deno.args[2]);
