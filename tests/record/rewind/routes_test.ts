/** Shows that are rewound over HTTP: what caches, players of other sites and bad clients get. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Rewound, urisOf } from "../../../testing/record/rewound.ts";

/** A show of so many seconds that is on air, with two segments and more. */
async function onAir(seconds = 14): Promise<[Rewound, string]> {
  const house = await Rewound.open();
  const show = house.archive.begin("demo");
  await house.play(show, seconds);
  const text = await house.listing(Math.floor(seconds / 6.02));
  return [house, text];
}

Deno.test("segments are sent whole, in part, or not at all, and caches may keep them", async () => {
  const [house, text] = await onAir();
  await using _ = house;
  for (const uri of [urisOf(text)[1], /URI="(.*)"/.exec(text)?.[1]]) {
    const url = `/demo/${uri}`;
    const whole = await house.app.request(url);
    const bytes = await whole.bytes();
    const fields = ["Content-Type", "Content-Length", "Cache-Control", "Accept-Ranges"];
    assert.deepEqual(
      fields.map((field) => whole.headers.get(field)),
      ["audio/mp4", `${bytes.length}`, "max-age=600", "bytes"],
    );
    assert.equal(whole.headers.get("Access-Control-Allow-Origin"), "*");
    const head = await house.app.request(url, { method: "HEAD" });
    assert.equal(head.headers.get("Content-Length"), `${bytes.length}`);
    assert.equal((await head.bytes()).length, 0);
    const part = await house.app.request(url, { headers: { Range: "bytes=10-29" } });
    assert.deepEqual([part.status, part.headers.get("Content-Range")], [
      206,
      `bytes 10-29/${bytes.length}`,
    ]);
    assert.equal(Buffer.compare(await part.bytes(), bytes.subarray(10, 30)), 0);
    const behind = { headers: { Range: `bytes=${bytes.length}-` } };
    assert.equal((await house.app.request(url, behind)).status, 416);
    const etag = whole.headers.get("ETag") ?? "";
    const same = await house.app.request(url, { headers: { "If-None-Match": etag } });
    assert.deepEqual([same.status, (await same.bytes()).length], [304, 0]);
    assert.equal(same.headers.get("Access-Control-Allow-Origin"), "*");
    const preflight = await house.app.request(url, {
      method: "OPTIONS",
      headers: { "Origin": "https://a.example", "Access-Control-Request-Method": "GET" },
    });
    assert.equal(preflight.headers.get("Access-Control-Allow-Origin"), "*");
  }
});

Deno.test("the beginning of a segment is a fetch of it, and nothing else is", async () => {
  const fetched: string[] = [];
  await using house = await Rewound.open({
    onFetch: (name, file) => void fetched.push(`${name}/${file}`),
  });
  await house.play(house.archive.begin("demo"), 14);
  const text = await house.listing(2);
  const uri = urisOf(text)[1] ?? "";
  const init = /URI="(.*)"/.exec(text)?.[1];
  for (const path of [init, "show/1-2.m4s", "show.m3u8"]) await house.app.request(`/demo/${path}`);
  const url = `/demo/${uri}`;
  await house.app.request(url, { method: "HEAD" });
  await house.app.request(url, { headers: { Range: "bytes=10-29" } });
  assert.deepEqual(fetched, []);
  await house.app.request(url, { headers: { Range: "bytes=0-9" } });
  await house.app.request(url);
  assert.deepEqual(fetched, [`demo/${uri}`, `demo/${uri}`]);
});

Deno.test("playlists may be kept for a second, have entity tags, and are compressed where they are long", async () => {
  const [house, text] = await onAir(600);
  await using _ = house;
  const plain = await house.app.request("/demo/show.m3u8");
  const fields = ["Content-Type", "Content-Length", "Cache-Control", "Vary"];
  assert.deepEqual(
    fields.map((field) => plain.headers.get(field)),
    ["application/vnd.apple.mpegurl", `${text.length}`, "max-age=1", "Accept-Encoding"],
  );
  assert.equal(await plain.text(), text);
  const etag = plain.headers.get("ETag") ?? "";
  const same = await house.app.request("/demo/show.m3u8", { headers: { "If-None-Match": etag } });
  assert.equal(same.status, 304);

  const headers = { "Accept-Encoding": "gzip, br" };
  const packed = await house.app.request("/demo/show.m3u8", { headers });
  assert.equal(packed.headers.get("Content-Encoding"), "gzip");
  assert.notEqual(packed.headers.get("ETag"), etag);
  const bytes = await packed.bytes();
  assert.equal(packed.headers.get("Content-Length"), `${bytes.length}`);
  assert.ok(bytes.length < text.length / 4, `${bytes.length} of ${text.length}`);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  assert.equal(await new Response(stream).text(), text);
});

Deno.test("what is not there is not found, for a second", async () => {
  const [house, text] = await onAir();
  await using _ = house;
  const [, start] = /show\/(\d+)-0\.m4s/.exec(text) ?? [];
  const there = [`show/${start}-1.m4s`, `show/${start}-0.mp4`];
  for (const uri of there) assert.equal((await house.app.request(`/demo/${uri}`)).status, 200);
  for (
    const path of [
      ...[`show/${start}-2.m4s`, `show/${start}-999999999.m4s`, `show/${start}-9999999999.m4s`],
      ...[`show/${start}-1.mp4`, `show/${start}--1.m4s`, `show/${start}-NaN.m4s`, `show/-1.m4s`],
      ...[`show/${start}-1e0.m4s`, `show/${start}-1.M4S`, `show/${start}-1.m4s.mp4`, "show/x"],
      ...[`show/${Number(start) + 1}-1.m4s`, `show/${start}-0x1.m4s`, "show/..%2Fdemo.mp4"],
    ]
  ) {
    const response = await house.app.request(`/demo/${path}`);
    assert.deepEqual(await response.json(), { code: 404, message: "not found" }, path);
    assert.equal(response.headers.get("Cache-Control"), "max-age=1", path);
  }
  for (const name of ["other", "%2e%2e", "a b", "demo.mp4", "x".repeat(200)]) {
    assert.equal((await house.app.request(`/${name}/show.m3u8`)).status, 404, name);
    assert.equal((await house.app.request(`/${name}/${there[0]}`)).status, 404, name);
  }
});

Deno.test("what the DJ says of himself is in the recording and not in what listeners get", async () => {
  await using house = await Rewound.open();
  const said = { props: { phone: "0171-2323" }, streamFacts: { title: "secret" } };
  const show = house.archive.begin("demo", undefined, said);
  await house.play(show, 8);
  const text = await house.listing(1);
  const init = Buffer.from(await house.bytes(/URI="(.*)"/.exec(text)?.[1] ?? ""));
  assert.ok(!init.includes("0171-2323") && !init.includes("secret"));
  show.end();
  await house.archive.reach("record-complete", 1);
  assert.ok(Buffer.from(await house.archive.read("demo.mp4")).includes("0171-2323"));
});
