/** Program tables (ISO/IEC 13818-1 2.4.4): written, read, and refused where a bit is wrong. */
import assert from "node:assert/strict";
import { crc32 } from "../../src/mpegts/crc32.ts";
import {
  parseProgramAssociation,
  parseProgramMap,
  writeProgramAssociation,
  writeProgramMap,
} from "../../src/mpegts/psi.ts";
import { SectionAssembler } from "../../src/mpegts/section_assembler.ts";
import { concat } from "../../testing/bytes.ts";

const PROGRAMS = [{ programNumber: 1, pmtPid: 0x1000 }, { programNumber: 7, pmtPid: 0x1abc }];

const MAP = {
  programNumber: 7,
  pcrPid: 0x101,
  streams: [
    { streamType: 0x1b, pid: 0x101, descriptors: Uint8Array.of(5, 4, 1, 2, 3, 4) },
    { streamType: 0x0f, pid: 0x1ffe, descriptors: new Uint8Array() },
  ],
};

Deno.test("the CRC is the one of the specification", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0x0376e6e7);
});

Deno.test("tables survive being written and read", () => {
  assert.deepEqual(parseProgramAssociation(writeProgramAssociation(PROGRAMS)), PROGRAMS);
  assert.deepEqual(parseProgramMap(writeProgramMap(MAP)), MAP);
});

Deno.test("any damaged bit makes a table unreadable", () => {
  const section = writeProgramMap(MAP);
  for (let bit = 0; bit < 8 * section.length; bit++) {
    const damaged = section.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(parseProgramMap(damaged), undefined);
  }
});

Deno.test("a table is not read as a table of another kind", () => {
  assert.equal(parseProgramMap(writeProgramAssociation(PROGRAMS)), undefined);
  assert.equal(parseProgramAssociation(writeProgramMap(MAP)), undefined);
  assert.equal(parseProgramAssociation(new Uint8Array()), undefined);
});

Deno.test("sections that share packets are told apart, cut at any byte", () => {
  const first = writeProgramMap(MAP);
  const second = writeProgramAssociation(PROGRAMS);
  const both = concat([first, second, Uint8Array.of(0xff, 0xff, 0xff)]);
  for (let cut = 1; cut < both.length; cut++) {
    const sections: Uint8Array[] = [];
    const assembler = new SectionAssembler((section) => sections.push(section.slice()));
    assembler.push(Uint8Array.of(9, 9, 9), false); // the end of one whose start was missed
    assembler.push(concat([Uint8Array.of(2, 9, 9), both.subarray(0, cut)]), true);
    assembler.push(both.subarray(cut), false);
    assert.deepEqual(sections, [first, second]);
  }
});

Deno.test("the end of a section may stand before the start of the next", () => {
  const first = writeProgramMap(MAP);
  const second = writeProgramAssociation(PROGRAMS);
  const sections: Uint8Array[] = [];
  const assembler = new SectionAssembler((section) => sections.push(section.slice()));
  assembler.push(concat([Uint8Array.of(0), first.subarray(0, 10)]), true);
  assembler.push(concat([Uint8Array.of(first.length - 10), first.subarray(10), second]), true);
  assert.deepEqual(sections, [first, second]);
});
