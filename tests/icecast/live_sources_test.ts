/** Who may tell the titles of a source without being asked who he is. */
import assert from "node:assert/strict";
import { LiveSources } from "../../src/icecast/live_sources.ts";
import { mountTarget } from "../../src/icecast/source_target.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { RecordingDoorkeeper } from "../../testing/session/recording_doorkeeper.ts";

const STRANGER = "203.0.113.66";
const DJ = "198.51.100.7";

/** The source `demo`, that has shown this password. */
function onAir({ key }: { key: string | undefined } = { key: "sesame" }) {
  const clock = new FakeClock();
  const sources = new LiveSources(clock);
  const transport = { protocol: "icecast", address: DJ, close: () => {} } as const;
  const add = (key: string | undefined) => {
    const doorkeeper = new RecordingDoorkeeper();
    const ingest: AdmittedIngest = doorkeeper.publish({ name: "demo", key, transport });
    return { ingest, leave: sources.add(ingest, { user: "source", key }) };
  };
  const { ingest, leave } = add(key);
  const find = (password: string, address: string, mount = "/demo") => {
    return sources.find(mountTarget(mount, { user: "source", key: password }), address);
  };
  return { clock, ingest, find, leave, add };
}

Deno.test("who has shown what the source has is the source, until it is gone", () => {
  const { ingest, find, leave } = onAir();
  assert.equal(find("sesame", DJ), ingest);
  assert.equal(find("wrong", DJ), undefined);
  leave();
  assert.equal(find("sesame", DJ), undefined);
});

Deno.test("of several sources that are not heard yet each tells its own titles, and goes alone", () => {
  const { ingest, find, leave, add } = onAir();
  const other = add("other");
  assert.deepEqual([find("sesame", DJ), find("other", DJ)], [ingest, other.ingest]);
  other.leave();
  assert.deepEqual([find("sesame", DJ), find("other", DJ)], [ingest, undefined]);
  const again = add("sesame");
  assert.equal(find("sesame", DJ), again.ingest, "who came back has its place");
  leave();
  assert.equal(find("sesame", DJ), again.ingest);
});

Deno.test("after ten wrong guesses in a minute the right one finds nothing, from that network", async () => {
  const { clock, ingest, find } = onAir();
  const guesses = Array.from({ length: 1000 }, (_, i) => i === 500 ? "sesame" : `guess${i}`);
  assert.ok(guesses.every((guess) => find(guess, STRANGER) === undefined));
  assert.equal(find("sesame", DJ), ingest, "others do not notice");
  await clock.advance(60_000);
  assert.equal(find("sesame", STRANGER), ingest);
});

Deno.test("what is said of names that are not on air is no guess, nor is no password", () => {
  const { ingest, find } = onAir();
  for (let i = 0; i < 100; i++) {
    find("wrong", DJ, "/other");
    find("", DJ);
  }
  assert.equal(find("sesame", DJ), ingest);
});

for (const key of [undefined, ""]) {
  Deno.test(`an empty password is not that of a source that has shown ${key ?? "none"}`, () => {
    assert.equal(onAir({ key }).find("", STRANGER), undefined);
  });
}
