/** Signs messages to the hook server. */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** A secret that begins so is a key in base64 (Standard Webhooks). */
const BASE64_PREFIX = "whsec_";

/**
 * Signs a message by the scheme of Standard Webhooks (www.standardwebhooks.com): HMAC-SHA-256 over
 * id, time and body. Receivers refuse old times, so nobody can send a recorded message again later.
 * @param secret `whsec_` and base64, or any other text, whose bytes are the key
 * @param seconds when it is sent, since the epoch
 * @returns the value of the header `webhook-signature`
 */
export function signature(secret: string, id: string, seconds: number, body: string): string {
  const hmac = createHmac("sha256", keyOf(secret)).update(`${id}.${seconds}.${body}`);
  return `v1,${hmac.digest("base64")}`;
}

function keyOf(secret: string): Buffer {
  return secret.startsWith(BASE64_PREFIX)
    ? Buffer.from(secret.slice(BASE64_PREFIX.length), "base64")
    : Buffer.from(secret);
}
