/** Tests of networks, of what one customer has, and of what proxies say. */
import assert from "node:assert/strict";
import { isLoopback, Network, TrustedProxies } from "../../src/http/addresses.ts";

for (
  const [network, inside, outside] of [
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], [
      "11.0.0.0",
      "9.255.255.255",
    ]],
    ["192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127", "192.0.3.128"]],
    ["192.0.2.7", ["192.0.2.7"], ["192.0.2.6", "::"]],
    ["0.0.0.0/0", ["255.255.255.255"], ["::1", "2001:db8::"]],
    ["2001:db8::/33", ["2001:db8:7fff:ffff::1"], ["2001:db8:8000::", "10.0.0.1"]],
    ["::1", ["::1", "0:0:0:0:0:0:0:1"], ["::2", "127.0.0.1"]],
    ["::/0", ["::1", "10.0.0.1"], ["none"]],
    ["fe80::/10", ["fe80::1%eth0", "febf::1"], ["fec0::1"]],
  ] as const
) {
  Deno.test(`${network} has the addresses that it should`, () => {
    const parsed = Network.parse(network);
    assert.deepEqual(inside.filter((address) => !parsed?.has(address)), []);
    assert.deepEqual(outside.filter((address) => parsed?.has(address)), []);
  });
}

for (
  const text of ["", "10.0.0.0/33", "::/129", "10.0.0/8", "a", "10.0.0.0/", "10.0.0.0/8/8", "/8"]
) {
  Deno.test(`"${text}" is no network`, () => {
    assert.equal(Network.parse(text), undefined);
  });
}

Deno.test("this box is known by all its addresses for itself", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopback(address), address);
  }
  for (const address of ["128.0.0.1", "::2", "::ffff:10.0.0.1", ""]) {
    assert.ok(!isLoopback(address), address);
  }
});

for (
  const [peer, forwardedFor, client] of [
    ["192.0.2.7", "198.51.100.1", "192.0.2.7"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"],
    ["::ffff:10.0.0.1", "198.51.100.1,10.0.0.2 , 10.0.0.3", "198.51.100.1"],
    ["10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["10.0.0.1", "198.51.100.1:4711", "198.51.100.1"],
    ["10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"],
    ["10.0.0.1", "2001:db8::7", "2001:db8::7"],
    ["10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"],
    ["10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"],
  ] as const
) {
  Deno.test(`${peer} that passes on "${forwardedFor}" stands for ${client}`, () => {
    assert.equal(new TrustedProxies(["10.0.0.0/8"]).clientOf(peer, forwardedFor), client);
  });
}
