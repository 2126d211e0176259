/** Addresses as libsrt has them (`sockaddr`): read, written, refused by name. */
import assert from "node:assert/strict";
import { decodeSockaddr, encodeSockaddr, formatAddress } from "../../ffi/address.ts";

const PAIRS: [string, string][] = [
  ["127.0.0.1", "127.0.0.1"],
  ["0.0.0.0", "0.0.0.0"],
  ["255.1.2.3", "255.1.2.3"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["::ffff:10.1.2.3", "10.1.2.3"],
];

Deno.test("addresses pass through a sockaddr", () => {
  for (const [written, read] of PAIRS) {
    const sockaddr = encodeSockaddr({ hostname: written, port: 50123 });
    assert.deepEqual(decodeSockaddr(sockaddr), { hostname: read, port: 50123 }, written);
  }
});

Deno.test("a sockaddr is as the system's C headers lay it out", () => {
  const head = (v4: boolean) =>
    Deno.build.os === "darwin" ? (v4 ? [16, 2] : [28, 30]) : (v4 ? [2, 0] : [10, 0]);
  assert.deepEqual(
    [...encodeSockaddr({ hostname: "1.2.3.4", port: 0x1234 })],
    [...head(true), 0x12, 0x34, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0],
  );
  const v6 = encodeSockaddr({ hostname: "1:2::3", port: 0x1234 });
  assert.deepEqual([...v6.subarray(0, 8)], [...head(false), 0x12, 0x34, 0, 0, 0, 0]);
  assert.deepEqual([...v6.subarray(8)], [0, 1, 0, 2, ...new Array(10).fill(0), 0, 3, 0, 0, 0, 0]);
});

Deno.test("what is no IP address or port is refused by name", () => {
  const hosts = [
    "localhost",
    "",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4.5",
    ":::",
    "1::2::3",
    "12345::",
    "[::1]",
  ];
  for (const hostname of hosts) {
    assert.throws(
      () => encodeSockaddr({ hostname, port: 1 }),
      /Cannot parse address: .*got "/,
      hostname,
    );
  }
  for (const port of [-1, 65536, 1.5, NaN]) {
    assert.throws(() => encodeSockaddr({ hostname: "::1", port }), RangeError);
  }
  assert.throws(() => decodeSockaddr(new Uint8Array(128)), /got family 0/);
});

Deno.test("an IPv6 address is written in brackets", () => {
  assert.equal(formatAddress({ hostname: "::1", port: 9 }), "[::1]:9");
  assert.equal(formatAddress({ hostname: "1.2.3.4", port: 9 }), "1.2.3.4:9");
});
