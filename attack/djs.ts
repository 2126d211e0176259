/** The honest DJs: each sends numbered frames in real time, by RTMP and by SRT. */
import { connectSrt, loadSrt, type SrtConnection, SrtPoller } from "../ffi/srt.ts";
import {
  accessUnits,
  AUDIO_SPECIFIC_CONFIG,
  CONFIG,
  LOOP,
  setFrameNumber,
} from "../bench/access_units.ts";
import { adtsFrame } from "../testing/audio/access_units.ts";
import { RtmpPublisher } from "../testing/rtmp/rtmp_publisher.ts";
import type { HonestPlan } from "./honest.ts";

/** The DJs at work. */
export interface Djs {
  /** Has them say goodbye; tells how many frames each has sent. */
  end(): Promise<{ readonly sent: number; readonly maxLagMs: number }>;
}

const TICK_MS = 5;

/**
 * Connects both, and has both send the same frames until `over`.
 * @param trouble told where a connection is lost
 */
export async function startDjs(
  plan: HonestPlan,
  frameMs: number,
  trouble: (what: string) => void,
  over: AbortSignal,
): Promise<Djs> {
  const rtmp = await publishByRtmp(plan, trouble);
  const srt = await publishBySrt(plan, trouble);
  const units = accessUnits();
  const start = performance.now();
  let [sent, maxLagMs] = [0, 0];
  const timer = setInterval(() => {
    if (over.aborted) return;
    const due = Math.floor((performance.now() - start) / frameMs);
    maxLagMs = Math.max(maxLagMs, (due - sent) * frameMs);
    for (; sent < due; sent++) {
      const unit = units[sent % LOOP]?.slice();
      if (unit === undefined) continue;
      setFrameNumber(unit, 0, sent);
      rtmp.send(unit, Math.round(sent * frameMs));
      srt.send(unit);
    }
  }, TICK_MS);
  return {
    end: async () => {
      clearInterval(timer);
      await rtmp.end();
      await srt.end();
      return { sent, maxLagMs: Math.round(maxLagMs) };
    },
  };
}

async function publishByRtmp(
  { rtmpPort: port, rtmp }: HonestPlan,
  trouble: (what: string) => void,
) {
  const publisher = await RtmpPublisher.connect({ hostname: "127.0.0.1", port, app: "live" });
  await publisher.publish(rtmp.key === "" ? rtmp.name : `${rtmp.name}?key=${rtmp.key}`);
  await publisher.sendConfig(AUDIO_SPECIFIC_CONFIG);
  let isOver = false;
  void publisher.ended().then(() => {
    if (!isOver) trouble("the RTMP DJ lost his connection");
  });
  // One write after the other, also where the server stands still.
  let last: Promise<void> = Promise.resolve();
  const fail = () => {
    if (!isOver) trouble("the RTMP DJ cannot send");
    isOver = true;
  };
  return {
    send(unit: Uint8Array, timestamp: number): void {
      last = last.then(() => isOver ? undefined : publisher.sendFrame(unit, timestamp)).catch(fail);
    },
    async end(): Promise<void> {
      await last;
      const wasOver = isOver;
      isOver = true;
      if (!wasOver) await publisher.finish();
    },
  };
}

async function publishBySrt(
  { srtPort: port, srt: dj }: HonestPlan,
  trouble: (what: string) => void,
) {
  const library = loadSrt();
  const poller = new SrtPoller(library);
  const streamId = `publish:${dj.name}${dj.key === "" ? "" : `::${dj.key}`}`;
  const { promise, resolve, reject } = Promise.withResolvers<SrtConnection>();
  const connection = connectSrt(library, { hostname: "127.0.0.1", port }, { streamId });
  let isOver = false;
  poller.addConnection(connection, {
    onMessage: () => {},
    onWritable: () => resolve(connection),
    onClose: (error) => {
      reject(error);
      if (!isOver) trouble("the SRT DJ lost his connection");
      isOver = true;
    },
  });
  await promise;
  return {
    send(unit: Uint8Array): void {
      if (isOver) return;
      if (!connection.send(adtsFrame(CONFIG, unit))) trouble("the SRT DJ's send buffer is full");
    },
    async end(): Promise<void> {
      isOver = true;
      // What was sent last is still under way.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      poller.close();
      connection.close();
      library.close();
    },
  };
}
