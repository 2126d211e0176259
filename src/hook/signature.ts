import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** What a secret begins with that is the key in base64, as Standard Webhooks has it. */
const BASE64_PREFIX = "whsec_";

/**
 * Signs a message by the scheme of Standard Webhooks (www.standardwebhooks.com): HMAC-SHA-256 over
 * id, time and body. Receivers refuse old times, so a message that was overheard is worth nothing.
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
