/**
 * Publishes streams by SRT in real time: srt_load.ts FORM SRT_PORT CONTROL_PORT STREAMS TOKEN
 * [PREFIX]. Run by the benchmark.
 */
import {
  connectSrt,
  loadSrt,
  type SrtConnection,
  type SrtConnectionHandler,
  type SrtLibrary,
  SrtPoller,
} from "../ffi/srt.ts";
import { ADTS_HEADER_BYTES } from "../src/audio/aac/adts.ts";
import { ByteBuffer } from "../src/mpegts/byte_buffer.ts";
import { AudioMuxer } from "../src/mpegts/muxer.ts";
import { adtsFrame } from "../testing/audio/access_units.ts";
import { accessUnits, CONFIG, LOOP, setFrameNumber } from "./access_units.ts";
import { type LoadEnd, reportLoad } from "./load_process.ts";
import { Schedule } from "./schedule.ts";

/** What publishers send, and where: on the shared port, or on one that the control API gave. */
export type SrtForm = "mpegts" | "adts" | "adts-ports";

const PTS_PER_FRAME = 1920;
/** What FFmpeg puts into a PES packet at 128 kb/s. */
const FRAMES_PER_PES = 8;
/** Seven packets, what everybody sends. */
const TS_MESSAGE_BYTES = 1316;

type Message = Uint8Array<ArrayBuffer>;

/** The messages that become due with the frame of this number. */
type Messages = (frame: number) => readonly Message[];

function adtsMessages(): Messages {
  const frames = accessUnits().map((unit) => adtsFrame(CONFIG, unit));
  return (number) => {
    const frame = frames[number % LOOP];
    if (frame === undefined) return [];
    setFrameNumber(frame, ADTS_HEADER_BYTES, number);
    return [frame];
  };
}

function tsMessages(): Messages {
  const units = accessUnits();
  const muxer = new AudioMuxer(CONFIG);
  const out = new ByteBuffer(8192);
  return (number) => {
    const unit = units[number % LOOP];
    if (unit === undefined) return [];
    if (number % FRAMES_PER_PES === 0) {
      out.length = 0;
      muxer.begin(out);
    }
    setFrameNumber(unit, 0, number);
    muxer.write(unit, number * PTS_PER_FRAME);
    if (number % FRAMES_PER_PES < FRAMES_PER_PES - 1) return [];
    muxer.end();
    const count = Math.ceil(out.length / TS_MESSAGE_BYTES);
    return Array.from({ length: count }, (_, i) => {
      return new Uint8Array(out.view().subarray(i * TS_MESSAGE_BYTES, (i + 1) * TS_MESSAGE_BYTES));
    });
  };
}

/** Asks the control API for a session's port. */
async function publish(controlPort: number, name: string, token: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${controlPort}/echo/4/publish/${name}`, {
    method: "POST",
    headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({
      media: { type: "audio", protocol: "srt", format: "aac" },
      reason: { code: 0, message: "benchmark" },
    }),
  });
  const { publish } = await answer.json();
  return publish.transports[0].port;
}

/** A publisher's end of a connection, once it is up. */
function connect(
  srt: SrtLibrary,
  poller: SrtPoller,
  port: number,
  streamId: string,
): Promise<SrtConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<SrtConnection>();
  const connection = connectSrt(srt, { hostname: "127.0.0.1", port }, { streamId });
  const handler: SrtConnectionHandler = {
    onMessage: () => {},
    onWritable: () => resolve(connection),
    onClose: reject,
  };
  poller.addConnection(connection, handler);
  return promise;
}

async function main(
  form: SrtForm,
  srtPort: number,
  controlPort: number,
  streams: number,
  token: string,
  prefix: string,
): Promise<void> {
  const srt = loadSrt();
  const poller = new SrtPoller(srt);
  const messagesOf = form === "mpegts" ? tsMessages() : adtsMessages();
  const connections: SrtConnection[] = [];
  for (let stream = 0; stream < streams; stream++) {
    const name = `${prefix}-${stream}`;
    const port = form === "adts-ports" ? await publish(controlPort, name, token) : srtPort;
    connections.push(await connect(srt, poller, port, `publish:${name}`));
  }
  const failed = { count: 0, first: undefined as string | undefined };
  const fail = (error: unknown) => {
    failed.count++;
    failed.first ??= String(error);
  };
  let messages: readonly Message[] = [];
  const running = new Schedule(streams).run({
    next: (frame) => messages = messagesOf(frame),
    send: (stream) => {
      try {
        for (const message of messages) {
          if (connections[stream]?.send(message) === false) fail("the send buffer is full");
        }
      } catch (error) {
        fail(error);
      }
    },
  });
  await reportLoad({ startedAtMs: running.startedAtMs }, (): LoadEnd => {
    running.stop();
    const { count: failures, first: firstFailure } = failed;
    return { maxLagMs: running.maxLagMs(), failures, firstFailure };
  });
  poller.close();
  for (const connection of connections) connection.close();
  srt.close();
}

if (import.meta.main) {
  const [form, srtPort, controlPort, streams, token = "", prefix = "bench"] = Deno.args;
  const ports = [srtPort, controlPort, streams].map(Number) as [number, number, number];
  await main(form as SrtForm, ...ports, token, prefix);
}
