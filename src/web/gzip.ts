/** Compresses what is sent to those who take it compressed (RFC 9110 12.5.3). */

/** Whether a client with this `Accept-Encoding` takes gzip. */
export function acceptsGzip(header = ""): boolean {
  return header.split(",").some((coding) =>
    /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)|$)/i.test(coding)
  );
}

/** Compresses a whole body. */
export async function gzip(
  body: string | Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}
