/** Whether recordings have what is heard of a fallback file, or silence in its place. */
import assert from "node:assert/strict";
import { Archive, SECOND, SILENT } from "../../testing/record/archive.ts";

/** Of the file: a second and a half. */
const STAND_IN = Array.from({ length: SECOND * 1.5 | 0 }, (_, i) => Uint8Array.of(200 + i % 7, 0));

/** A second of a DJ, the fallback, and another second of the DJ where he is `back`. */
async function record(
  { recordsFallback, back }: { recordsFallback: boolean; back: boolean },
): Promise<{ sent: Uint8Array[]; recorded: Uint8Array[] }> {
  await using archive = await Archive.open({ recordsFallback });
  const show = archive.begin("demo");
  await show.second();
  for (const data of STAND_IN) show.write(data, "fallback");
  await archive.clock.advance(1500);
  if (back) await show.second();
  show.end();
  await archive.reach("record-complete", 1);
  assert.deepEqual(await archive.files(), ["demo.mp4"]);
  return { sent: show.frames, recorded: await archive.frames("demo.mp4") };
}

Deno.test("a recording has silence in place of a fallback", async () => {
  const { sent, recorded } = await record({ recordsFallback: false, back: true });
  assert.deepEqual(
    recorded,
    sent.map((unit) => STAND_IN.some((it) => it === unit) ? SILENT : unit),
  );
});

Deno.test("it ends with the last audio of a DJ who does not come back", async () => {
  const { sent, recorded } = await record({ recordsFallback: false, back: false });
  assert.deepEqual(recorded, sent.slice(0, SECOND));
});

Deno.test("where it is to have the fallback, it has all of it", async () => {
  for (const back of [true, false]) {
    const { sent, recorded } = await record({ recordsFallback: true, back });
    assert.deepEqual(recorded, sent);
  }
});
