/** Checks signatures of requests to a store (AWS Signature Version 4), without the server's library. */
import { createHash, createHmac } from "node:crypto";

/** Who may ask. */
export interface StoreKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** @returns the code of what is wrong with the signature; `undefined` where it is right */
export function signatureFault(request: Request, url: URL, key: StoreKey): string | undefined {
  const signed = signedParts(request, url);
  if (signed === undefined) return "AccessDenied";
  const { credential, signedHeaders, signature, datetime, payload } = signed;
  const [id, date = "", region = "", service = "", end = ""] = credential.split("/");
  if (id !== key.accessKeyId) return "InvalidAccessKeyId";
  const headers = signedHeaders.map((name) => {
    const value = name === "host" ? url.host : request.headers.get(name) ?? "";
    return `${name}:${value.trim()}\n`;
  });
  const canonical = [
    ...[request.method, url.pathname, canonicalQuery(url)],
    ...[headers.join(""), signedHeaders.join(";"), payload],
  ].join("\n");
  const scope = [date, region, service, end].join("/");
  const text = ["AWS4-HMAC-SHA256", datetime, scope, sha256(canonical)].join("\n");
  const keyOf = (key: string | Uint8Array, part: string) =>
    createHmac("sha256", key).update(part).digest();
  const signingKey = [region, service, end].reduce<Uint8Array>(
    keyOf,
    keyOf(`AWS4${key.secretAccessKey}`, date),
  );
  const expected = createHmac("sha256", signingKey).update(text).digest("hex");
  return expected === signature ? undefined : "SignatureDoesNotMatch";
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

interface SignedParts {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly datetime: string;
  readonly payload: string;
}

function signedParts({ headers }: Request, { searchParams }: URL): SignedParts | undefined {
  const query = (name: string) => searchParams.get(`X-Amz-${name}`) ?? "";
  if (searchParams.has("X-Amz-Signature")) {
    return {
      credential: query("Credential"),
      signedHeaders: query("SignedHeaders").split(";"),
      signature: query("Signature"),
      datetime: query("Date"),
      payload: "UNSIGNED-PAYLOAD",
    };
  }
  const match = /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([\da-f]{64})$/
    .exec(headers.get("authorization") ?? "");
  if (match === null) return undefined;
  const [, credential = "", signedHeaders = "", signature = ""] = match;
  return {
    ...{ credential, signature, signedHeaders: signedHeaders.split(";") },
    datetime: headers.get("x-amz-date") ?? "",
    payload: headers.get("x-amz-content-sha256") ?? "",
  };
}

function canonicalQuery({ searchParams }: URL): string {
  return [...searchParams]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map((pair) => pair.map(encode).join("="))
    .sort()
    .join("&");
}

/** As RFC 3986 2.3 has it. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
