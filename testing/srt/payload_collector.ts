/** Takes the payload of SRT messages apart, and keeps what is found. */
import { Payload } from "../../src/srt/payload.ts";
import type { PayloadSink } from "../../src/srt/frame_messages.ts";
import { TimedCollector } from "../mpegts/timed_collector.ts";

/** Keeps all that a payload is found to hold. */
export class PayloadCollector extends TimedCollector implements PayloadSink {
  lostFrames = 0;

  lost(frames: number): void {
    this.lostFrames += frames;
  }
}

/** Takes a whole stream apart that comes in these messages. */
export function unpack(messages: Iterable<Uint8Array>): {
  readonly found: PayloadCollector;
  readonly payload: Payload;
} {
  const found = new PayloadCollector();
  const payload = new Payload(found);
  for (const message of messages) payload.feed(message);
  payload.flush();
  return { found, payload };
}

/** Cuts a stream into messages of `bytes`, the last but for what is left. */
export function cut(stream: Uint8Array, bytes: number): Uint8Array[] {
  return Array.from(
    { length: Math.ceil(stream.length / bytes) },
    (_, i) => stream.subarray(i * bytes, (i + 1) * bytes),
  );
}
