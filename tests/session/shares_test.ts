/** Tables in which each address has a share, queues in which addresses take turns, and what is one address. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FairQueue } from "../../src/session/fair_queue.ts";
import { networkOf } from "../../src/session/network.ts";
import { type Guest, type Place, Shares, type SharesOptions } from "../../src/session/shares.ts";

/** A table whose guests write down when they have to give way. */
function setUp(options: SharesOptions) {
  const shares = new Shares(options);
  const gone: string[] = [];
  const take = (address: string, label: string = address, guest: Partial<Guest> = {}) =>
    shares.take({ address, giveWay: () => gone.push(label), ...guest });
  return { shares, gone, take };
}

Deno.test("while there is room, an address may take all of it", () => {
  const { shares, gone, take } = setUp({ total: 10 });
  for (let i = 0; i < 10; i++) assert.ok(take("192.0.2.1"));
  assert.equal(shares.taken, 10);
  assert.deepEqual(gone, []);
});

Deno.test("where all is taken, the oldest of the greediest address gives way", () => {
  const { shares, gone, take } = setUp({ total: 5 });
  take("192.0.2.1", "honest");
  for (let i = 0; i < 4; i++) take("192.0.2.66", `greedy ${i}`);
  assert.ok(take("192.0.2.2", "another"));
  assert.deepEqual(gone, ["greedy 0"]);
  assert.ok(take("192.0.2.66", "greedy 4"));
  assert.deepEqual(gone, ["greedy 0", "greedy 1"], "its own");
  assert.equal(shares.taken, 5);
});

Deno.test("who has shown who it is never gives way", () => {
  const { gone, take } = setUp({ total: 2 });
  take("192.0.2.1", "first")?.keep();
  take("192.0.2.1", "second", { keeps: true });
  assert.equal(take("192.0.2.2"), undefined);
  assert.deepEqual(gone, []);
});

Deno.test("an address has no more places than it may, and gives up one of its own", () => {
  const { shares, gone, take } = setUp({ total: 10, perAddress: 2 });
  const proven = take("192.0.2.1", "a", { keeps: true });
  take("192.0.2.1", "b");
  assert.ok(take("192.0.2.1", "c"));
  assert.deepEqual(gone, ["b"]);
  take("192.0.2.1", "d")?.keep();
  assert.equal(take("192.0.2.1", "e"), undefined);
  proven?.release();
  assert.ok(take("192.0.2.1", "f"));
  assert.equal(shares.taken, 2);
});

Deno.test("of an address's clients, the greediest gives way", () => {
  const { gone, take } = setUp({ total: 10, perAddress: 4 });
  take("192.0.2.1", "anna", { client: "anna" });
  for (let i = 0; i < 3; i++) take("192.0.2.1", `mallory ${i}`, { client: "mallory" });
  take("192.0.2.1", "björn", { client: "björn" });
  assert.deepEqual(gone, ["mallory 0"]);
});

Deno.test("an IPv6 network is one address", () => {
  const { gone, take } = setUp({ total: 3 });
  take("2001:db8::1", "a");
  take("2001:db8::2", "b");
  take("2001:db8:0:1::1", "c");
  take("192.0.2.1", "d");
  assert.deepEqual(gone, ["a"]);
});

Deno.test("a table that was made smaller shrinks as far as somebody can give way", () => {
  const { shares, take } = setUp({ total: 4 });
  take("192.0.2.1")?.keep();
  for (let i = 0; i < 3; i++) take("192.0.2.1");
  shares.total = 2;
  assert.ok(take("192.0.2.2"));
  assert.equal(shares.taken, 2);
});

Deno.test("whatever comes and goes, the count is right and limits hold", () => {
  const step = fc.record({
    address: fc.integer({ min: 1, max: 4 }).map((n) => `192.0.2.${n}`),
    what: fc.constantFrom("take", "keep", "release"),
    which: fc.nat(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
    const shares = new Shares({ total: 6, perAddress: 4 });
    const held: { address: string; place: Place }[] = [];
    for (const { address, what, which } of steps) {
      const at = held[which % held.length];
      if (what === "take") {
        const entry = { address, place: { keep() {}, release() {} } as Place };
        const giveWay = () => held.splice(held.indexOf(entry), 1);
        const place = shares.take({ address, giveWay });
        if (place === undefined) continue;
        entry.place = place;
        held.push(entry);
      } else if (at !== undefined && what === "keep") at.place.keep();
      else if (at !== undefined) {
        at.place.release();
        at.place.release();
        held.splice(held.indexOf(at), 1);
      }
      assert.equal(shares.taken, held.length);
      assert.ok(held.length <= 6);
      assert.ok(held.filter((other) => other.address === address).length <= 4);
    }
  }));
});

Deno.test("addresses take turns, so do the clients of each, and each keeps its order", () => {
  const queue = new FairQueue<string>();
  const push = (n: number, client: string, ...items: string[]) => {
    for (const item of items) queue.push({ address: `192.0.2.${n}`, client }, item);
  };
  push(1, "x", "1x1", "1x2", "1x3", "1x4");
  push(1, "y", "1y1");
  push(2, "x", "2x1", "2x2");
  push(3, "x", "3x1");
  queue.remove({ address: "192.0.2.1", client: "x" }, "1x2");
  queue.remove({ address: "192.0.2.3", client: "x" }, "3x1");
  queue.remove({ address: "192.0.2.4", client: "x" }, "never there");
  const order = Array.from({ length: 7 }, () => queue.shift());
  assert.deepEqual(order, ["1x1", "2x1", "1y1", "2x2", "1x3", "1x4", undefined]);
});

Deno.test("an IPv4 address is a client, and so is an IPv6 network of 64 bits", () => {
  const same = [
    ["192.0.2.1", "::ffff:192.0.2.1"],
    ["2001:db8::1", "2001:db8:0:0:ffff::", "2001:DB8::%eth0", "2001:db8::192.0.2.1"],
    ["::1", "::", "0:0:0:0:1::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4::"],
  ];
  for (const addresses of same) {
    assert.equal(new Set(addresses.map(networkOf)).size, 1, addresses.join());
  }
  assert.equal(new Set(same.map(([first = ""]) => networkOf(first))).size, same.length);
  assert.notEqual(networkOf("192.0.2.1"), networkOf("192.0.2.2"));
  assert.notEqual(networkOf("2001:db8::1"), networkOf("2001:db8:0:1::1"));
});

Deno.test("whatever is called an address is a client", () => {
  const part = fc.constantFrom(":", "::", "1", "ffff", ".", "%", "1.2.3.4", "x");
  fc.assert(fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
    assert.equal(typeof networkOf(parts.join("")), "string");
  }));
});
