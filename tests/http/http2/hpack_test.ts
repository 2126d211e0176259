/** Header compression: what the specification shows, and what breaks its rules. */
import assert from "node:assert/strict";
import { HpackDecoder } from "../../../src/http/http2/hpack_decoder.ts";
import { encodeHeader } from "../../../src/http/http2/hpack_encoder.ts";
import { Http2Error } from "../../../src/http/http2/http2_error.ts";
import { decodeHuffman } from "../../../src/http/http2/huffman.ts";
import type { Field } from "../../../src/http/request_head.ts";

const bytesOf = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));
const decoder = () => new HpackDecoder({ maxFields: 100, maxBytes: 16_384 });

/** RFC 7541 C.4: three requests on one connection, with Huffman's code. */
const EXAMPLES: readonly [hex: string, fields: readonly Field[]][] = [
  [
    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
    [[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "www.example.com"]],
  ],
  [
    "828684be5886a8eb10649cbf",
    [
      ...[[":method", "GET"], [":scheme", "http"], [":path", "/"]] as Field[],
      ...[[":authority", "www.example.com"], ["cache-control", "no-cache"]] as Field[],
    ],
  ],
  [
    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    [
      ...[[":method", "GET"], [":scheme", "https"], [":path", "/index.html"]] as Field[],
      ...[[":authority", "www.example.com"], ["custom-key", "custom-value"]] as Field[],
    ],
  ],
];

Deno.test("the examples of the specification are read as it says", () => {
  const hpack = decoder();
  for (const [hex, fields] of EXAMPLES) assert.deepEqual(hpack.decode(bytesOf(hex)), fields);
});

Deno.test("what is remembered is forgotten when there is no room for it", () => {
  const hpack = new HpackDecoder({ maxFields: 1000, maxBytes: 1_000_000 });
  const literal = (name: string, value: string) => {
    const block = encodeHeader([[name, value]]);
    return Uint8Array.of(0x40, ...block.subarray(1));
  };
  hpack.decode(literal("x-first", "a".repeat(2100)));
  assert.equal(hpack.decode(Uint8Array.of(0x80 | 62))[0]?.[0], "x-first");
  hpack.decode(literal("x-second", "b".repeat(2100)));
  assert.equal(hpack.decode(Uint8Array.of(0x80 | 62))[0]?.[0], "x-second");
  assert.throws(() => hpack.decode(Uint8Array.of(0x80 | 63)), Http2Error);
  // RFC 7541 4.2: the size becomes 0 and then 4096 again.
  assert.deepEqual(hpack.decode(Uint8Array.of(0x20, 0x3f, 0xe1, 0x1f)), []);
  assert.throws(() => hpack.decode(Uint8Array.of(0x80 | 62)), Http2Error);
});

Deno.test("what is written is read as it was, with any text and of any length", () => {
  const fields: Field[] = [
    [":status", "200"],
    [":status", "403"],
    ["content-length", "34567"],
    ["x-long", "\u00e9".repeat(5000)],
    ["x-empty", ""],
    ["vary", "Origin"],
  ];
  assert.deepEqual(decoder().decode(encodeHeader(fields)), fields);
});

for (
  const [what, hex] of [
    ["an index of 0", "80"],
    ["an entry that there is not", "ff00"],
    ["a text that ends in the middle", "4003 6162"],
    ["a number that never ends", "ffffffffffffffff"],
    ["a table that is too large", "3fe2ff03"],
    ["a change of the table behind a field", "8220"],
    ["a padding of zeros", "4001 61 81 18"],
    ["a padding that is too long", "4001 61 82 1fff"],
    ["the end of a string within it", "4001 61 84 ffffffff"],
  ] as const
) {
  Deno.test(`${what} is an error`, () => {
    assert.throws(() => decoder().decode(bytesOf(hex)), (error) => {
      return error instanceof Http2Error && error.code === "COMPRESSION_ERROR";
    });
  });
}

Deno.test("a header that grows out of few bytes is cut off", () => {
  const hpack = decoder();
  const large = encodeHeader([["x-bomb", "x".repeat(4000)]]);
  hpack.decode(Uint8Array.of(0x40, ...large.subarray(1)));
  assert.throws(() => hpack.decode(new Uint8Array(100).fill(0x80 | 62)), {
    code: "ENHANCE_YOUR_CALM",
  });
  assert.throws(() => decoder().decode(new Uint8Array(101).fill(0x82)), {
    code: "ENHANCE_YOUR_CALM",
  });
});

Deno.test("each symbol of Huffman's code is found by its own code", () => {
  // RFC 7541 appendix B, a few of each length.
  const codes: readonly (readonly [string, string])[] = [
    ["0", "00000"],
    ["t", "01001"],
    [" ", "010100"],
    ["u", "101101"],
    [":", "1011100"],
    ["z", "1111011"],
    ["&", "11111000"],
    ["Z", "11111101"],
    ["!", "1111111000"],
    ["?", "1111111100"],
    ["'", "11111111010"],
    ["#", "111111111010"],
    ["\0", "1111111111000"],
    ["~", "1111111111101"],
    ["^", "11111111111100"],
    ["<", "111111111111100"],
    ["\\", "1111111111111110000"],
    ["\u0080", "11111111111111100110"],
    ["\u00ff", "11111111111111111111101110"],
    ["\n", "111111111111111111111111111100"],
    ["\u0016", "111111111111111111111111111110"],
  ];
  for (const [symbol, code] of codes) {
    const bits = code.padEnd(Math.ceil(code.length / 8) * 8, "1");
    const bytes = bits.match(/.{8}/g)?.map((byte) => parseInt(byte, 2)) ?? [];
    assert.equal(decodeHuffman(Uint8Array.from(bytes), 10), symbol, `code ${code}`);
  }
});
