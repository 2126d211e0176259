/** Shows that are rewound at another box than the one that has recorded them. */
import assert from "node:assert/strict";
import { rewindRoutes } from "../../../src/record/rewind/routes.ts";
import { Rewound, urisOf } from "../../../testing/record/rewound.ts";

Deno.test("a show is rewound at another box, with the same playlist, tags and segments", async () => {
  await using house = await Rewound.open();
  await house.play(house.archive.begin("demo"), 14);
  const text = await house.listing(2);
  const asked: string[] = [];
  let isLate = false;
  const app = rewindRoutes({
    shows: { find: () => Promise.resolve(undefined) },
    files: { read: () => Promise.reject(new Error("nothing is here")) },
    forPlayers: [],
    elsewhere: async (name, file) => {
      asked.push(file);
      if (isLate) return "late";
      const answer = await house.app.request(`/${name}/${file}`);
      return answer.status === 200 ? await answer.bytes() : undefined;
    },
  });
  const [there, here] = await Promise.all([
    house.app.request("/demo/show.m3u8"),
    app.request("/demo/show.m3u8"),
  ]);
  assert.equal(here.headers.get("ETag"), there.headers.get("ETag"));
  assert.equal(await here.text(), await there.text());
  const uri = urisOf(text)[1] ?? "";
  const whole = await house.app.request(`/demo/${uri}`);
  const segment = await app.request(`/demo/${uri}`);
  assert.deepEqual(await segment.bytes(), await whole.bytes());
  const part = await app.request(`/demo/${uri}`, { headers: { Range: "bytes=10-29" } });
  assert.deepEqual([part.status, (await part.bytes()).length], [206, 20]);
  assert.equal((await app.request("/other/show.m3u8")).status, 404);
  assert.equal((await app.request("/demo/show/../x.m4s")).status, 404);
  assert.ok(asked.every((file) => file === "show.m3u8" || file === uri));
  isLate = true;
  assert.equal((await app.request("/demo/show.m3u8")).status, 503);
  assert.equal((await app.request(`/demo/${uri}`)).status, 503);
});
