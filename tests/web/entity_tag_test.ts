/** How contents are told apart. */
import assert from "node:assert/strict";
import { contentHash, entityTag } from "../../src/web/entity_tag.ts";

Deno.test("the same contents have the same tag, in every run", () => {
  const bytes = new TextEncoder().encode("#EXTM3U\n");
  assert.equal(entityTag(bytes), entityTag(bytes.slice()));
  assert.match(entityTag(bytes), /^"[0-9a-f]{16}"$/);
  assert.equal(entityTag(bytes), `"${contentHash("#EXTM3U\n")}"`);
});

Deno.test("contents that differ in one digit, or in their length, have other tags", () => {
  const seen = new Set<string>();
  const playlist = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:1763907120\n#EXTINF:1.002,\n1763907120-1.ts\n";
  let count = 0;
  for (let sequence = 0; sequence < 50_000; sequence++) {
    seen.add(contentHash(playlist.replaceAll("1763907120", `${1763907120 + sequence}`)));
    count++;
  }
  for (let length = 0; length < 1000; length++) {
    seen.add(contentHash(new Uint8Array(length)));
    count++;
  }
  assert.equal(seen.size, count);
  const halves = [...seen].map((hash) => hash.slice(0, 8));
  assert.ok(new Set(halves).size > count - 10, "each half is a good hash too");
});
