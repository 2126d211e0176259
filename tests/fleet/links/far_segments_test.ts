/** Segments that other boxes have made, as they are asked for. */
import assert from "node:assert/strict";
import { type BoxRequest, LinkFull } from "../../../src/fleet/links/box_links.ts";
import { FarSegments } from "../../../src/fleet/links/far_segments.ts";
import { SegmentUnavailable } from "../../../src/hls/origin.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

const A = { id: "a", incarnation: "run", privateUrl: "http://127.0.0.1:1" };

Deno.test("a box is not taken for silent where a request was not sent", async () => {
  const asked: (string | undefined)[] = [];
  const full = { is: true };
  const segments = new FarSegments({
    clock: new FakeClock(),
    links: {
      request: (_box, _path, { sender }: BoxRequest = {}) => {
        asked.push(sender);
        if (full.is) return Promise.reject(new LinkFull("too many are under way"));
        return Promise.resolve(new Response("bytes"));
      },
    },
  });
  await assert.rejects(segments.read(A, "demo", "1-2-ae1.ts"), SegmentUnavailable);
  full.is = false;
  assert.ok(await segments.read(A, "demo", "1-2-ae1.ts") !== undefined);
  assert.deepEqual(asked, ["listeners", "listeners"]);
});

Deno.test("a name is forgotten when the last of its segments has made room for others", async () => {
  const segments = new FarSegments({
    clock: new FakeClock(),
    links: { request: () => Promise.resolve(new Response("bytes")) },
    maxBytes: 2 * "bytes".length,
  });
  for (const name of ["one", "two", "three"]) await segments.read(A, name, "1-2-ae1.ts");
  segments.sweep();
  assert.deepEqual(segments.names, ["two", "three"]);
  segments.forget("two");
  assert.deepEqual(segments.names, ["three"]);
});
