/**
 * The server's half of the RTMP handshake: the simple one (RTMP 1.0 5.2) and the digest one that
 * Adobe's products added and never published, in both places where the digest may stand.
 *
 * @module
 */
import { createHmac, randomFillSync, timingSafeEqual } from "node:crypto";
import { RtmpError } from "./rtmp_error.ts";

/** Takes C0, C1 and C2 in pieces of any size and answers with S0, S1 and S2. */
export class Handshake {
  #c0c1: Uint8Array | undefined = new Uint8Array(1 + PACKET_SIZE);
  #received = 0;

  /** C2 has come: what follows is chunks. */
  get done(): boolean {
    return this.#received === 1 + 2 * PACKET_SIZE;
  }

  /**
   * Takes what belongs to the handshake from the start of `bytes`.
   * @param send takes the answer, once C1 is complete
   * @returns how many bytes were taken
   * @throws {RtmpError} the peer speaks something else than RTMP
   */
  feed(bytes: Uint8Array, send: (answer: Uint8Array) => void): number {
    let taken = 0;
    if (this.#c0c1 !== undefined) {
      taken = Math.min(this.#c0c1.length - this.#received, bytes.length);
      this.#c0c1.set(bytes.subarray(0, taken), this.#received);
      this.#received += taken;
      if (this.#received > 0 && this.#c0c1[0] !== VERSION) {
        throw new RtmpError(`Cannot start: expected RTMP version 3, got ${this.#c0c1[0]}`);
      }
      if (this.#received < this.#c0c1.length) return taken;
      send(answerTo(this.#c0c1.subarray(1)));
      this.#c0c1 = undefined;
    }
    // C2 is not looked at: encoders put all kinds of things there.
    const c2 = Math.min(1 + 2 * PACKET_SIZE - this.#received, bytes.length - taken);
    this.#received += c2;
    return taken + c2;
  }
}

const VERSION = 3;
const PACKET_SIZE = 1536;
const DIGEST_SIZE = 32;

/** The version that S1 claims, that of Flash Media Server 3.5.1; clients look for digests from 3 on. */
const SERVER_VERSION = [3, 5, 1, 1];

const KEY_TAIL = [
  ...[
    0xf0,
    0xee,
    0xc2,
    0x4a,
    0x80,
    0x68,
    0xbe,
    0xe8,
    0x2e,
    0x00,
    0xd0,
    0xd1,
    0x02,
    0x9e,
    0x7e,
    0x57,
  ],
  ...[
    0x6e,
    0xec,
    0x5d,
    0x2d,
    0x29,
    0x80,
    0x6f,
    0xab,
    0x93,
    0xb8,
    0xe6,
    0x36,
    0xcf,
    0xeb,
    0x31,
    0xae,
  ],
];
const PLAYER_KEY = new TextEncoder().encode("Genuine Adobe Flash Player 001");
const SERVER_KEY = new TextEncoder().encode("Genuine Adobe Flash Media Server 001");
const SERVER_KEY_WHOLE = Uint8Array.of(...SERVER_KEY, ...KEY_TAIL);

/** Where C1 and S1 may carry their digest: four bytes at `pointer` sum up to its place behind `base`. */
const DIGEST_SCHEMES = [
  { pointer: 8, base: 12 },
  { pointer: 772, base: 776 },
] as const;
const DIGEST_SPREAD = 728;

type DigestScheme = (typeof DIGEST_SCHEMES)[number];

function answerTo(c1: Uint8Array): Uint8Array {
  const answer = randomFillSync(new Uint8Array(1 + 2 * PACKET_SIZE));
  answer[0] = VERSION;
  const s1 = answer.subarray(1, 1 + PACKET_SIZE);
  const s2 = answer.subarray(1 + PACKET_SIZE);
  s1.fill(0, 0, 8);
  const scheme = DIGEST_SCHEMES.find((scheme) => hasDigest(c1, scheme));
  if (scheme === undefined) {
    s2.set(c1);
    return answer;
  }
  s1.set(SERVER_VERSION, 4);
  const place = digestPlace(s1, scheme);
  s1.set(digestAround(s1, place, SERVER_KEY), place);
  const clientPlace = digestPlace(c1, scheme);
  const clientDigest = c1.subarray(clientPlace, clientPlace + DIGEST_SIZE);
  const signature = PACKET_SIZE - DIGEST_SIZE;
  s2.set(hmac(hmac(SERVER_KEY_WHOLE, clientDigest), s2.subarray(0, signature)), signature);
  return answer;
}

function hasDigest(c1: Uint8Array, scheme: DigestScheme): boolean {
  const place = digestPlace(c1, scheme);
  const digest = c1.subarray(place, place + DIGEST_SIZE);
  return timingSafeEqual(digestAround(c1, place, PLAYER_KEY), digest);
}

function digestPlace(packet: Uint8Array, { pointer, base }: DigestScheme): number {
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += packet[pointer + i] ?? 0;
  return base + sum % DIGEST_SPREAD;
}

/** The digest of all of `packet` but the digest itself. */
function digestAround(packet: Uint8Array, place: number, key: Uint8Array): Uint8Array {
  return hmac(key, packet.subarray(0, place), packet.subarray(place + DIGEST_SIZE));
}

function hmac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const hash = createHmac("sha256", key);
  for (const part of parts) hash.update(part);
  return hash.digest();
}
