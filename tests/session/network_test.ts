/** How addresses are read, beside how the runtime reads them. */
import assert from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import { isIPv4, networkOf, parseAddress, siteOf } from "../../src/session/network.ts";

const ADDRESSES = [
  ...["192.0.2.1", "0.0.0.0", "255.255.255.255", "256.0.0.1", "01.2.3.4", "1.2.3", "1.2.3.4.5"],
  ...["1.2.3.4.", ".1.2.3.4", "1..2.3", " 1.2.3.4", "", ":", "::", ":::", "::1", "1::", "1:2"],
  ...[
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:9",
    "1::3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
  ],
  ...["1::2::3", "12345::", "g::", "::ffff:192.0.2.1", "::ffff:192.0.2.256", "::192.0.2.1:1"],
  ...[
    "192.0.2.1::",
    "1:2:3:4:5:6:192.0.2.1",
    "1:2:3:4:5:6:7:192.0.2.1",
    "fe80::1%eth0",
    "fe80::1%",
  ],
  ...[
    "%eth0",
    "1.2.3.4%eth0",
    "2001:DB8::AbCd",
    "1:2:3:4:5:6:7:",
    ":1:2:3:4:5:6:7",
    "::1\n",
    "-1::",
  ],
];

Deno.test("what is an address is what the runtime takes for one", () => {
  for (const text of ADDRESSES) assertAlike(text);
  const part = fc.constantFrom(
    "::",
    ":",
    ".",
    "0",
    "1",
    "ffff",
    "255",
    "256",
    "%x",
    "g",
    "192.0.2.1",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 17 }), (parts) => assertAlike(parts.join(""))),
    {
      numRuns: 5000,
    },
  );
  fc.assert(fc.property(fc.ipV4(), assertAlike));
  fc.assert(fc.property(fc.ipV6(), assertAlike), { numRuns: 2000 });
});

Deno.test("addresses are read into their groups", () => {
  assert.deepEqual(parseAddress("2001:db8::7"), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 7]);
  assert.deepEqual(parseAddress("::"), [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(parseAddress("1::"), [1, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(parseAddress("192.0.2.1"), parseAddress("::ffff:192.0.2.1"));
  assert.equal(networkOf("2001:db8:1:2:3::"), networkOf("2001:db8:1:2::9%eth0"));
});

Deno.test("all that a customer may have is one site", () => {
  assert.equal(siteOf("::ffff:192.0.2.1"), siteOf("192.0.2.1"));
  assert.notEqual(siteOf("192.0.2.1"), siteOf("192.0.2.2"));
  assert.equal(siteOf("2001:db8:1:2::"), siteOf("2001:db8:1:ffff::9"));
  assert.notEqual(siteOf("2001:db8:1::"), siteOf("2001:db8:2::"));
  assert.equal(siteOf("no address"), "no address");
});

function assertAlike(text: string): void {
  const expected = isIP(text);
  assert.equal(isIPv4(text), expected === 4, JSON.stringify(text));
  const groups = parseAddress(text);
  assert.equal(groups !== undefined, expected !== 0, JSON.stringify(text));
  if (groups !== undefined) assert.equal(groups.length, 8, text);
}
