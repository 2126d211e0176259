/** Tests of how many connections servers and addresses may have. */
import assert from "node:assert/strict";
import { TrustedProxies } from "../../src/http/addresses.ts";
import {
  ConnectionCounts,
  ConnectionLimits,
  type Release,
} from "../../src/http/connection_limits.ts";

function limits(values: Partial<ConstructorParameters<typeof ConnectionLimits>[0]> = {}) {
  return new ConnectionLimits({
    maxConnections: 10,
    maxPerAddress: 2,
    maxTogether: 100,
    proxies: new TrustedProxies(["198.51.100.0/24"]),
    ...values,
  });
}

function admit(counts: ConnectionCounts, address: string): Release {
  const release = counts.admit(address);
  assert.ok(typeof release === "function");
  return release;
}

Deno.test("one address has its share and no more, others are let in beside it", () => {
  const counts = limits().addServer("hls");
  const release = admit(counts, "192.0.2.1");
  admit(counts, "::ffff:192.0.2.1");
  assert.equal(counts.admit("192.0.2.1"), "address");
  admit(counts, "192.0.2.2");
  release();
  admit(counts, "192.0.2.1");
  assert.equal(counts.admit("192.0.2.1"), "address");
});

Deno.test("a server has its connections, whoever has them", () => {
  const all = limits({ maxConnections: 3 });
  const counts = all.addServer("hls");
  const release = admit(counts, "127.0.0.1");
  admit(counts, "127.0.0.1");
  admit(counts, "127.0.0.1");
  assert.equal(counts.admit("127.0.0.1"), "full");
  assert.equal(counts.admit("192.0.2.1"), "full");
  admit(all.addServer("stat"), "192.0.2.1");
  release();
  admit(counts, "192.0.2.1");
});

Deno.test("all servers together leave descriptors for others", () => {
  const all = limits({ maxTogether: 3 });
  const [hls, stat] = [all.addServer("hls"), all.addServer("stat")];
  admit(hls, "127.0.0.1");
  const release = admit(hls, "127.0.0.1");
  admit(stat, "127.0.0.1");
  assert.equal(stat.admit("127.0.0.1"), "full");
  release();
  admit(stat, "127.0.0.1");
});

Deno.test("this box and trusted proxies count in all only", () => {
  const counts = limits().addServer("hls");
  for (const address of ["127.0.0.1", "::1", "198.51.100.7"]) {
    for (let i = 0; i < 3; i++) admit(counts, address);
  }
  assert.equal(counts.count, 9);
});

Deno.test("new limits count for who comes from then on", () => {
  const all = limits();
  const counts = all.addServer("hls");
  admit(counts, "192.0.2.1");
  admit(counts, "192.0.2.1");
  all.values = { maxConnections: 3, maxPerAddress: 3 };
  admit(counts, "192.0.2.1");
  assert.equal(counts.admit("192.0.2.2"), "full");
  all.values = { maxConnections: 10, maxPerAddress: 1 };
  assert.equal(counts.admit("192.0.2.1"), "address");
});

Deno.test("threads of a server count together, and what one had is free when it has ended", () => {
  const all = limits({ maxConnections: 5 });
  const threads = all.addThreads("hls");
  const [lent, other] = [threads.lend(), threads.lend()];
  const [one, two] = [ConnectionCounts.borrow(lent), ConnectionCounts.borrow(other)];
  admit(one, "192.0.2.1");
  admit(two, "192.0.2.1");
  assert.equal(one.admit("192.0.2.1"), "address");
  two.refuse("address");
  admit(one, "127.0.0.1");
  assert.equal(one.admit("198.51.100.7") instanceof Function, true);
  const release = admit(two, "192.0.2.2");
  assert.equal(two.admit("192.0.2.3"), "full");
  const { count, refused } = all.servers.get("hls") ?? {};
  assert.deepEqual([count, refused?.get("address")], [5, 1]);
  release();
  assert.equal(one.count, 4);
  threads.takeBack(lent);
  assert.equal(two.count, 1);
  const next = ConnectionCounts.borrow(threads.lend());
  admit(next, "192.0.2.1");
  assert.equal(next.admit("192.0.2.1"), "address");
  assert.equal(all.servers.get("hls")?.refused.get("address"), 1, "that goes on");
});

Deno.test("a thread that is about to go changes no count of the one in its place", () => {
  const threads = limits({ places: 3 }).addThreads("hls");
  const lent = threads.lend();
  const late = ConnectionCounts.borrow(lent);
  const release = admit(late, "192.0.2.1");
  threads.takeBack(lent);
  const next = ConnectionCounts.borrow(threads.lend());
  release();
  assert.equal(next.count, 0);
});

Deno.test("of many addresses none is taken for another", () => {
  const counts = limits({ maxConnections: 10_000, maxTogether: 10_000 }).addServer("hls");
  for (let i = 0; i < 200; i++) {
    for (let n = 0; n < 2; n++) admit(counts, `10.0.${i >> 8}.${i & 255}`);
  }
  assert.equal(counts.admit("10.0.0.7"), "address");
});
