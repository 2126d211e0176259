/** Slow and silent connections to the RTMP port. */
import { clientHello } from "../testing/rtmp/encoder_messages.ts";
import { PublishFailed, RtmpPublisher } from "../testing/rtmp/rtmp_publisher.ts";
import { type Attack, type Outcome, pause } from "./attack.ts";
import type { Target } from "./target.ts";
import { Crowd } from "./tcp_client.ts";

const COUNT = 20;
/** What the server is told by `RTMP_CONNECTION_TIMEOUT`. */
export const RTMP_TIMEOUT_SECONDS = 10;
const SLACK_MS = 6000;
const DRIP_MS = 500;
const DEADLINE_MS = 1000 * RTMP_TIMEOUT_SECONDS + SLACK_MS;
/** Who speaks has twice the time to publish. */
const PUBLISH_DEADLINE_MS = 2000 * RTMP_TIMEOUT_SECONDS + SLACK_MS;

/** From addresses of its own, so that it is the deadline that is tried and no share. */
const fromOf = (index: number) => `127.0.1.${index + 1}`;

/** Connections that never come to publish audio. */
export const slowRtmp: readonly Attack[] = [
  { name: "RTMP: connected, silent", run: (target) => drip(target, new Uint8Array(0)) },
  { name: "RTMP: a handshake byte by byte", run: (target) => drip(target, clientHello()) },
  { name: "RTMP: connected, pings alone", run: (target) => stay(target, "connect") },
  { name: "RTMP: publishing, pings alone", run: (target) => stay(target, "publish") },
];

async function drip({ rtmpPort }: Target, bytes: Uint8Array): Promise<Outcome> {
  using crowd = await Crowd.connect(rtmpPort, COUNT, { fromOf });
  const start = performance.now();
  for (let at = 0; performance.now() < start + DEADLINE_MS; at++) {
    if (crowd.ended === crowd.clients.length) break;
    if (at < bytes.length) crowd.send(bytes.subarray(at, at + 1));
    await pause(DRIP_MS);
  }
  return outcome(crowd.clients.length - crowd.ended, crowd.ended, crowd.refused, start);
}

async function stay(target: Target, upTo: "connect" | "publish"): Promise<Outcome> {
  const ended = new Set<RtmpPublisher>();
  const publishers: RtmpPublisher[] = [];
  let refused = 0;
  for (let i = 0; i < COUNT; i++) {
    const publisher = await connect(target, upTo, `pings-${i}`);
    if (publisher === undefined) {
      refused++;
      continue;
    }
    publishers.push(publisher);
    void publisher.ended().then(() => ended.add(publisher));
  }
  const start = performance.now();
  const deadlineMs = upTo === "connect" ? PUBLISH_DEADLINE_MS : DEADLINE_MS;
  while (performance.now() < start + deadlineMs && ended.size < publishers.length) {
    await pause(DRIP_MS);
    const alive = publishers.filter((publisher) => !ended.has(publisher));
    await Promise.all(alive.map((publisher) => ping(publisher)));
  }
  const left = publishers.length - ended.size;
  const result = outcome(left, ended.size, refused, start);
  await Promise.all(publishers.map((publisher) => publisher.vanish()));
  return result;
}

async function connect(
  target: Target,
  upTo: "connect" | "publish",
  name: string,
): Promise<RtmpPublisher | undefined> {
  try {
    const key = upTo === "publish" ? await target.keyOf(name) : "";
    const port = target.server.rtmpPort;
    const publisher = await RtmpPublisher.connect({ hostname: "127.0.0.1", port, app: "live" });
    if (upTo === "publish") await publisher.publish(key === "" ? name : `${name}?key=${key}`);
    return publisher;
  } catch (error) {
    if (error instanceof PublishFailed || error instanceof Deno.errors.ConnectionReset) {
      return undefined;
    }
    throw error;
  }
}

/** A ping request (RTMP 7.1.7), as encoders send it in both directions. */
async function ping(publisher: RtmpPublisher): Promise<void> {
  try {
    await publisher.send(publisher.messages.message(2, 4, Uint8Array.of(0, 6, 0, 0, 0, 0)));
  } catch (error) {
    const { BrokenPipe, ConnectionReset, BadResource } = Deno.errors;
    if (![BrokenPipe, ConnectionReset, BadResource].some((kind) => error instanceof kind)) {
      throw error;
    }
  }
}

function outcome(left: number, ended: number, refused: number, start: number): Outcome {
  const seconds = Math.round((performance.now() - start) / 1000);
  return {
    held: left === 0 && refused === 0,
    counts: `${ended} ended, ${refused} refused, ${left} left after ${seconds} s`,
  };
}
