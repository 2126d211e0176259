/**
 * How requests between boxes are signed. No clock is asked: a request is good for one run of the box
 * that it is sent to, and there once.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** A box, in one run of its process. */
export interface BoxRun {
  /** `ECHO_BOX`. */
  readonly id: string;
  /** Random at each start. */
  readonly incarnation: string;
}

/** What is signed. */
export interface SignedParts {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** {@link digestOf} the body. */
  readonly digest: string;
  readonly from: BoxRun;
  readonly to: BoxRun;
  /** Each request of a run has another. */
  readonly number: number;
}

/** Header fields of a signed request, in lower case. */
export const FROM_FIELD = "echo-from";
export const TO_FIELD = "echo-to";
export const NUMBER_FIELD = "echo-number";
export const DIGEST_FIELD = "echo-digest";
export const SIGNATURE_FIELD = "echo-signature";

/** SHA-256, in hexadecimal digits. */
export function digestOf(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}

/** The header fields that sign a request. @param key `derivedKey(…, "between boxes")` */
export function signedFields(key: Uint8Array, parts: SignedParts): Record<string, string> {
  return {
    [FROM_FIELD]: runText(parts.from),
    [TO_FIELD]: runText(parts.to),
    [NUMBER_FIELD]: `${parts.number}`,
    [DIGEST_FIELD]: parts.digest,
    [SIGNATURE_FIELD]: macOf(key, parts).toString("base64url"),
  };
}

/** Whether `signature` is that of these parts. */
export function isSigned(key: Uint8Array, parts: SignedParts, signature: string): boolean {
  const expected = macOf(key, parts);
  const given = Buffer.from(signature, "base64url");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** A run as a header field has it. */
export function runText({ id, incarnation }: BoxRun): string {
  return `${id}/${incarnation}`;
}

/** Reads what {@link runText} writes; `undefined` where it is something else. */
export function runOf(text: string): BoxRun | undefined {
  const [, id, incarnation] = RUN.exec(text) ?? [];
  return id === undefined || incarnation === undefined ? undefined : { id, incarnation };
}

/** HMAC-SHA-256 (RFC 2104). No part has a line break in it. */
function macOf(key: Uint8Array, { method, target, digest, from, to, number }: SignedParts): Buffer {
  const lines = ["echo fleet 1", method, target, digest, runText(from), runText(to), number];
  return createHmac("sha256", key).update(lines.join("\n")).digest();
}

const RUN = /^([a-z0-9]{1,16})\/([\w.-]{1,64})$/;
