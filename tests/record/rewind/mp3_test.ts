/** Shows in MP3, which are recorded and cannot be rewound, and those that change their codec. */
import assert from "node:assert/strict";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { mp3Config } from "../../../testing/audio/mp3_streams.ts";
import { readPlainMp4 } from "../../../testing/mp4/plain_mp4.ts";
import { SECOND } from "../../../testing/record/archive.ts";
import { Rewound, urisOf } from "../../../testing/record/rewound.ts";

Deno.test("a show in MP3 is recorded, and cannot be rewound", async () => {
  await using house = await Rewound.open();
  const show = house.archive.begin("demo", mp3Config());
  await house.play(show, 20);
  assert.equal(await house.playlist(), undefined);
  assert.equal(house.rewinds.earliest("demo"), undefined);
  show.end();
  await house.archive.reach("record-complete", 1);
  assert.deepEqual(readPlainMp4(await house.archive.read("demo.mp4"), 1152), show.frames);
});

Deno.test("where MP3 follows, nothing can be rewound any more until AAC comes back", async () => {
  await using house = await Rewound.open();
  const show = house.archive.begin("demo");
  await house.play(show, 14);
  const first = urisOf(await house.listing(2));
  show.configure(mp3Config());
  await house.play(show, 8);
  assert.equal(await house.playlist(), undefined);
  assert.equal((await house.app.request(`/demo/${first[0]}`)).status, 404);

  show.configure(audioConfig());
  await house.play(show, 14);
  const again = await house.listing(2);
  assert.ok(urisOf(again).every((uri) => !first.includes(uri)));
  assert.doesNotMatch(again, /DISCONTINUITY$/m);
  const frames = await house.frames(again);
  assert.deepEqual(frames, show.frames.slice(22 * SECOND).slice(0, frames.length));
  show.end();
  await house.archive.reach("record-complete", 3);
});

Deno.test("a restart does not bring back what was before MP3", async () => {
  const path = `${await Deno.makeTempDir({ prefix: "echo-record-" })}/record`;
  const live = new Map([["demo", { ended: false }]]);
  const first = await Rewound.open({ path, live });
  const show = first.archive.begin("demo");
  await first.play(show, 14);
  show.configure(mp3Config());
  await first.play(show, 3);
  show.end();
  await first.archive.reach("record-complete", 2);
  await first.stop();
  await using again = await Rewound.open({ path, live, clock: first.clock });
  assert.equal(await again.playlist(), undefined);
});
