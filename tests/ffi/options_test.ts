/** Options of SRT sockets: units, limits, and no passphrase in any message. */
import assert from "node:assert/strict";
import { listenSrt, receiveBufferFor, type SrtOptions } from "../../ffi/srt.ts";
import { srt } from "../../testing/ffi/loopback.ts";

/** Numbers of `srt.h`. */
const OPTION = {
  SRTO_RCVSYN: 2,
  SRTO_FC: 4,
  SRTO_RCVBUF: 6,
  SRTO_REUSEADDR: 15,
  SRTO_PBKEYLEN: 27,
  SRTO_TLPKTDROP: 31,
  SRTO_CONNTIMEO: 36,
  SRTO_RCVLATENCY: 43,
  SRTO_PEERLATENCY: 44,
  SRTO_PAYLOADSIZE: 49,
  SRTO_IPV6ONLY: 54,
  SRTO_PEERIDLETIMEO: 55,
};

function readBack(options: SrtOptions): (name: keyof typeof OPTION) => number {
  using listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0, ...options });
  const values = new Map<string, number>();
  for (const [name, option] of Object.entries(OPTION)) {
    const value = new Int32Array(2);
    const size = Int32Array.of(8);
    srt.check(srt.symbols.srt_getsockflag(listener.id, option, value, size), `read ${name}`);
    values.set(name, size[0] === 1 ? (value[0] ?? 0) & 1 : value[0] ?? 0);
  }
  return (name) => values.get(name) ?? NaN;
}

Deno.test("options reach libsrt in its units", () => {
  const value = readBack({
    receiverLatencyMs: 51,
    peerLatencyMs: 52,
    passphrase: "correct horse",
    keyLengthBytes: 24,
    payloadSizeBytes: 1400,
    flightWindowPackets: 300,
    receiveBufferBytes: 300 * 1472,
    connectTimeoutMs: 1234,
    peerIdleTimeoutMs: 4321,
    reuseAddress: false,
    ipv6Only: true,
    tooLatePacketDrop: false,
  });
  assert.equal(value("SRTO_RCVSYN"), 0);
  assert.equal(value("SRTO_RCVLATENCY"), 51);
  assert.equal(value("SRTO_PEERLATENCY"), 52);
  assert.equal(value("SRTO_PBKEYLEN"), 24);
  assert.equal(value("SRTO_PAYLOADSIZE"), 1400);
  assert.equal(value("SRTO_FC"), 300);
  assert.equal(value("SRTO_RCVBUF"), 300 * 1472);
  assert.equal(value("SRTO_CONNTIMEO"), 1234);
  assert.equal(value("SRTO_PEERIDLETIMEO"), 4321);
  assert.equal(value("SRTO_REUSEADDR"), 0);
  assert.equal(value("SRTO_IPV6ONLY"), 1);
  assert.equal(value("SRTO_TLPKTDROP"), 0);
});

Deno.test("a value outside its limits is refused before libsrt sees it", () => {
  const refused: [SrtOptions, RegExp][] = [
    [
      { receiverLatencyMs: -1 },
      /Cannot set receiverLatencyMs: expected an integer of 0 to 60000, got -1/,
    ],
    [{ receiverLatencyMs: 0.05 }, /got 0\.05/],
    [{ payloadSizeBytes: 1457 }, /1456, got 1457/],
    [{ flightWindowPackets: 31 }, /got 31/],
    [{ peerIdleTimeoutMs: NaN }, /got NaN/],
    [{ keyLengthBytes: 20 }, /expected one of 0, 16, 24, 32, got 20/],
    [{ passphrase: "too short" }, /length of passphrase: expected an integer of 10 to 79, got 9/],
    [{ streamId: "é".repeat(257) }, /length of streamId: .*got 514/],
  ];
  for (const [options, message] of refused) {
    assert.throws(
      () => listenSrt(srt, { hostname: "127.0.0.1", port: 0, ...options }),
      (error) => error instanceof RangeError && message.test(error.message),
    );
  }
});

Deno.test("no message tells a passphrase", () => {
  const listen = () => listenSrt(srt, { hostname: "127.0.0.1", port: 0, passphrase: "secret" });
  assert.throws(
    listen,
    (error) => error instanceof RangeError && !error.message.includes("secret"),
  );
});

Deno.test("window and buffer hold latency, half a round trip and a stall of the reader", () => {
  const load = { bitrate: 8_000_000, messageBytes: 1000, latencyMs: 500 };
  assert.deepEqual(receiveBufferFor({ ...load, roundTripMs: 1000, readerStallMs: 1000 }), {
    flightWindowPackets: 2000,
    receiveBufferBytes: 2000 * 1472,
  });
  assert.equal(receiveBufferFor({ bitrate: 64_000, latencyMs: 50 }).flightWindowPackets, 256);
});
