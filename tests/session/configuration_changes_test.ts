/** How often an encoder may change its configuration, and what is heard where it does so too often. */
import assert from "node:assert/strict";
import { ConfigurationChanges } from "../../src/session/configuration_changes.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import type { SessionManager } from "../../src/session/session_manager.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

/** Frames of 32 ms and of 64 ms. */
const STEREO = audioConfig({ sampleRate: 32_000 });
const MONO = audioConfig({ sampleRate: 32_000, channelConfiguration: 1 });
const SLOW = audioConfig({ sampleRate: 16_000 });
const FRAME_MS = 32;

/** Changes without a session: when each took effect. */
function changes() {
  const inEffect: unknown[] = [];
  let waits = 0;
  const rule = new ConfigurationChanges({
    onEffect: (config) => inEffect.push(config),
    onWait: () => waits++,
  });
  const send = (config: typeof STEREO, nowMs: number) => {
    rule.tell(config);
    return rule.decide(nowMs);
  };
  return { rule, inEffect, send, waits: () => waits };
}

Deno.test("the first change takes effect at once, the second 5 s after it", () => {
  const { rule, inEffect, send, waits } = changes();
  assert.equal(send(STEREO, 0), "in effect");
  assert.equal(send(MONO, 10), "in effect");
  assert.equal(send(SLOW, 20), "waits");
  assert.equal(rule.decide(5009), "waits");
  assert.deepEqual([inEffect, waits()], [[STEREO, MONO], 1]);
  assert.equal(rule.decide(5010), "in effect");
  assert.equal(rule.decide(5011), "in effect");
  assert.deepEqual(inEffect, [STEREO, MONO, SLOW]);
});

Deno.test("a change and back is fine: what was in effect goes on at once", () => {
  const { send } = changes();
  send(STEREO, 0);
  send(MONO, 10);
  assert.equal(send(STEREO, 20), "waits");
  assert.equal(send(MONO, 30), "in effect");
});

Deno.test("what is told without frames, told again, or told in more detail is no change", () => {
  const { rule, inEffect, send } = changes();
  for (let i = 0; i < 100; i++) {
    rule.tell(MONO);
    assert.equal(send({ ...STEREO }, i), "in effect");
  }
  assert.equal(send({ ...STEREO, sbr: true, ps: false }, 100), "in effect");
  assert.equal(send(STEREO, 101), "in effect");
  assert.equal(send(MONO, 102), "in effect", "the first change");
  assert.ok(inEffect.length > 100);
});

Deno.test("ten changes within a minute are too many, and ten in more time are not", () => {
  const often = changes();
  const verdicts = Array.from({ length: 12 }, (_, i) => {
    return often.send(i % 2 === 0 ? STEREO : MONO, i * 1000);
  });
  assert.equal(verdicts.indexOf("too many"), 10);
  const seldom = changes();
  for (let i = 0; i < 40; i++) {
    assert.equal(seldom.send(i % 2 === 0 ? STEREO : MONO, i * 7000), "in effect");
  }
});

/** A session with one output that writes down what it is told. */
class Studio implements Disposable {
  readonly clock = new FakeClock();
  readonly heard: string[] = [];
  readonly events: SessionEvent[] = [];
  /** Why the last connection was closed. */
  closed: string | undefined;
  readonly #sessions: SessionManager;
  #timeMs = 0;

  constructor() {
    const events = new EventBus();
    events.subscribe((event) => this.events.push(event));
    this.#sessions = sessionManager({ clock: this.clock, events });
    this.#sessions.addOutput(() => ({
      start: ({ sampleRate, samplesPerFrame: _, ...config }) =>
        this.heard.push(
          `${sampleRate} Hz, ${"channelConfiguration" in config ? config.channelConfiguration : 0}`,
        ),
      write: ({ filler }) => this.heard.push(filler || "audio"),
      discontinuity() {},
      end() {},
    }));
  }

  publish(address = "192.0.2.1", key?: string): AdmittedIngest {
    this.closed = undefined;
    const close = (why: string) => void (this.closed = why);
    const transport = { protocol: "rtmp", address, close } as const;
    return this.#sessions.publish({ name: "demo", key, transport });
  }

  /** @returns a key of the broadcast */
  reserve(): string {
    const request = { name: "demo", protocol: "rtmp", address: "192.0.2.1", props: {} } as const;
    return this.#sessions.reserve(request).key.token;
  }

  /** Sends `count` frames in real time. */
  play(ingest: AdmittedIngest, config: typeof STEREO, count: number): void {
    ingest.configure(config);
    const frameMs = config === SLOW ? 2 * FRAME_MS : FRAME_MS;
    for (let i = 0; i < count; i++) {
      ingest.write(new Uint8Array(10), this.#timeMs);
      this.#timeMs += frameMs;
      this.clock.advanceSync(frameMs);
    }
  }

  count(what: string): number {
    return this.heard.filter((call) => call === what).length;
  }

  of(kind: SessionEvent["kind"]): SessionEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }

  [Symbol.dispose](): void {
    this.#sessions.stop("shutdown", { code: 0, message: "the test is over" });
  }
}

Deno.test("silence stands in the place of audio whose configuration waits, as long as it", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  studio.play(ingest, STEREO, 40);
  studio.play(ingest, MONO, 10);
  studio.play(ingest, SLOW, 80);
  const before = 5000 / FRAME_MS - 10;
  assert.equal(studio.count("gap"), Math.ceil(before / 2) * 2);
  assert.deepEqual(studio.heard.filter((call) => call.includes("Hz")), [
    "32000 Hz, 2",
    "32000 Hz, 1",
    "16000 Hz, 2",
  ]);
  assert.equal(studio.heard.at(-1), "audio");
  assert.equal(studio.closed, undefined);
});

Deno.test("who changes with every frame is ended with words, after one change", () => {
  using studio = new Studio();
  const ingest = studio.publish();
  for (let i = 0; i < 100; i++) studio.play(ingest, i % 2 === 0 ? STEREO : MONO, 1);
  assert.equal(studio.closed, "the configuration changed 10 times within 60 s");
  assert.equal(studio.heard.filter((call) => call.includes("Hz")).length, 2);
  assert.equal(studio.heard.length, 2 + 10);
  const [error, ...others] = studio.of("input-error");
  assert.equal(error?.kind === "input-error" && error.message, studio.closed);
  assert.deepEqual(others, []);
});

Deno.test("who comes back at once and goes on with that is ended again, until a minute has passed", async () => {
  using studio = new Studio();
  for (let connection = 0; connection < 20; connection++) {
    const ingest = studio.publish();
    for (let i = 0; i < 20; i++) studio.play(ingest, i % 2 === 0 ? STEREO : MONO, 1);
    assert.ok(studio.closed !== undefined || connection === 0);
  }
  assert.ok(studio.heard.filter((call) => call.includes("Hz")).length <= 4);
  const ingest = studio.publish();
  await studio.clock.advance(20_000);
  studio.play(ingest, MONO, 10);
  assert.equal(studio.heard.at(-1), "audio");
});

Deno.test("who shows the key goes on counting from whatever network he comes back", () => {
  using studio = new Studio();
  const key = studio.reserve();
  for (let connection = 0; connection <= 10; connection++) {
    assert.equal(studio.closed, undefined);
    const ingest = studio.publish(`2001:db8:0:${connection}::1`, key);
    studio.play(ingest, connection % 2 === 0 ? STEREO : MONO, 1);
    ingest.end("lost");
  }
  assert.equal(studio.closed, "the configuration changed 10 times within 60 s");
});

Deno.test("who hops from network to network without a key makes no more files for it", () => {
  using studio = new Studio();
  for (let connection = 0; connection < 100; connection++) {
    const ingest = studio.publish(`2001:db8:0:${connection}::1`);
    studio.play(ingest, connection % 2 === 0 ? STEREO : MONO, 10);
    ingest.end("lost");
  }
  const seconds = 100 * 10 * FRAME_MS / 1000;
  const configurations = studio.heard.filter((call) => call.includes("Hz")).length;
  assert.ok(configurations <= 2 + seconds / 5, `${configurations} in ${seconds} s`);
});

Deno.test("who takes over from somebody else does not pay for his changes", async () => {
  using studio = new Studio();
  const flapping = studio.publish("203.0.113.66");
  for (let i = 0; i < 20; i++) studio.play(flapping, i % 2 === 0 ? STEREO : MONO, 1);
  assert.notEqual(studio.closed, undefined);
  const dj = studio.publish("192.0.2.1");
  await studio.clock.advance(5000);
  studio.play(dj, SLOW, 1);
  for (let i = 0; i < 9; i++) studio.play(dj, i % 2 === 0 ? MONO : SLOW, 1);
  assert.equal(studio.closed, undefined, "nine changes are his own");
  studio.play(dj, STEREO, 1);
  assert.notEqual(studio.closed, undefined);
  const back = studio.publish("203.0.113.66");
  for (let i = 0; i < 2; i++) studio.play(back, i % 2 === 0 ? STEREO : MONO, 1);
  assert.notEqual(studio.closed, undefined, "the other one's still count");
});
