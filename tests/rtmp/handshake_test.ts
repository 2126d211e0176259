/** The RTMP handshake (RTMP 1.0 5.2), with and without digests. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Handshake } from "../../src/rtmp/handshake.ts";
import { clientHello, HANDSHAKE_SIZE } from "../../testing/rtmp/encoder_messages.ts";

// The digests are made and checked here as librtmp does it, apart from the server's own code.
const KEY_TAIL = "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae";
const PLAYER = "Genuine Adobe Flash Player 001";
const SERVER = "Genuine Adobe Flash Media Server 001";

const hmac = (key: Uint8Array | string, data: Uint8Array) =>
  new Uint8Array(createHmac("sha256", key).update(data).digest());

function offsetOf(packet: Uint8Array, scheme: 1 | 2): number {
  const at = scheme === 1 ? 8 : 772;
  const sum = packet.subarray(at, at + 4).reduce((a, b) => a + b, 0);
  return sum % 728 + (scheme === 1 ? 12 : 776);
}

function digestOf(packet: Uint8Array, offset: number, key: string): Uint8Array {
  return hmac(key, Uint8Array.of(...packet.subarray(0, offset), ...packet.subarray(offset + 32)));
}

function digestHello(scheme: 1 | 2): Uint8Array {
  const hello = clientHello();
  hello.set([128, 0, 7, 2], 5);
  const c1 = hello.subarray(1);
  const offset = offsetOf(c1, scheme);
  c1.set(digestOf(c1, offset, PLAYER), offset);
  return hello;
}

function answerTo(hello: Uint8Array): Uint8Array {
  const handshake = new Handshake();
  const answers: Uint8Array[] = [];
  assert.equal(handshake.feed(hello, (answer) => answers.push(answer)), hello.length);
  assert.equal(answers.length, 1);
  const [answer] = answers;
  assert.ok(answer !== undefined);
  assert.equal(answer.length, 1 + 2 * HANDSHAKE_SIZE);
  assert.equal(answer[0], 3);
  return answer;
}

Deno.test("a simple C1 comes back as S2", () => {
  const hello = clientHello();
  const answer = answerTo(hello);
  assert.deepEqual(answer.subarray(1 + HANDSHAKE_SIZE), hello.subarray(1));
  assert.deepEqual(answer.subarray(5, 9), new Uint8Array(4));
});

for (const scheme of [1, 2] as const) {
  Deno.test(`a C1 with its digest in place ${scheme} is answered with digests a client accepts`, () => {
    const hello = digestHello(scheme);
    const answer = answerTo(hello);
    const s1 = answer.subarray(1, 1 + HANDSHAKE_SIZE);
    const s2 = answer.subarray(1 + HANDSHAKE_SIZE);
    assert.ok((s1[4] ?? 0) >= 3);

    const offset = offsetOf(s1, scheme);
    assert.deepEqual(s1.slice(offset, offset + 32), digestOf(s1, offset, SERVER));

    const c1 = hello.subarray(1);
    const clientOffset = offsetOf(c1, scheme);
    const wholeKey = new Uint8Array([...new TextEncoder().encode(SERVER), ...fromHex(KEY_TAIL)]);
    const key = hmac(wholeKey, c1.subarray(clientOffset, clientOffset + 32));
    assert.deepEqual(s2.slice(-32), hmac(key, s2.subarray(0, -32)));
  });
}

Deno.test("a handshake that is split anywhere is answered once, and what follows is left alone", () => {
  const hello = digestHello(2);
  const c2 = new Uint8Array(HANDSHAKE_SIZE);
  const all = Uint8Array.of(...hello, ...c2, 99, 98);
  for (let split = 0; split <= all.length; split++) {
    const handshake = new Handshake();
    let answers = 0;
    const first = handshake.feed(all.subarray(0, split), () => answers++);
    const second = handshake.feed(all.subarray(split), () => answers++);
    assert.equal(first + second, all.length - 2);
    assert.equal(answers, 1);
    assert.ok(handshake.done);
  }
});

Deno.test("another version than 3 is refused at its first byte", () => {
  for (const version of [0, 6, 0x16, "G".charCodeAt(0)]) {
    const expected = { name: "RtmpError", message: new RegExp(`got ${version}$`) };
    assert.throws(() => new Handshake().feed(Uint8Array.of(version), () => {}), expected);
  }
});

function fromHex(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((byte) => parseInt(byte, 16));
}
