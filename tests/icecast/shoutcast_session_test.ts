/** The dialogue of Shoutcast sources, cut anywhere. */
import assert from "node:assert/strict";
import { PublishRefused } from "../../src/session/ingest.ts";
import { adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import { DialogueHarness } from "../../testing/icecast/dialogue_harness.ts";

const frames = Array.from({ length: 4 }, (_, i) => new Uint8Array(40 + i).fill(i + 1));
const audio = adtsStream(audioConfig(), frames);
const HEAD = "icy-name:Radio\r\nicy-br:128\r\ncontent-type:audio/aacp\r\n\r\n";

Deno.test("a Shoutcast source is let in by its password, wherever it is cut", () => {
  const sent = `demo:anna:sesame\r\n${HEAD}${String.fromCharCode(...audio)}`;
  for (let cut = 0; cut < sent.length; cut++) {
    const harness = new DialogueHarness("Shoutcast");
    harness.feed(sent.slice(0, cut), sent.slice(cut));
    harness.dialogue.close();
    const { request: { name, user, key }, recordedFacts, frames: came } = harness.ingest;
    assert.deepEqual([name, user, key], ["demo", "anna", "sesame"]);
    assert.deepEqual(recordedFacts, [{ "ice-name": "Radio", "ice-bitrate": "128" }]);
    assert.deepEqual(came.map(({ data }) => data), frames);
    assert.equal(harness.answers, "OK2\r\nicy-caps:11\r\n\r\n");
  }
});

Deno.test("it is answered before it sends its header", () => {
  const harness = new DialogueHarness("Shoutcast");
  harness.feed("demo\n");
  assert.equal(harness.answers, "OK2\r\nicy-caps:11\r\n\r\n");
  harness.dialogue.close();
});

Deno.test("a wrong password is told in the words that it knows", () => {
  const harness = new DialogueHarness("Shoutcast");
  harness.doorkeeper.refusal = "key-unknown";
  harness.feed("demo:wrong\r\n");
  assert.equal(harness.answers, "invalid password\r\n");
  assert.equal(harness.dialogue.end?.kind, "refused");
});

Deno.test("what else is wrong is told in words", () => {
  const harness = new DialogueHarness("Shoutcast");
  harness.doorkeeper.refusal = "name-in-use";
  harness.feed("demo:sesame\r\n");
  assert.equal(harness.answers, "Not today.\r\n");
});

Deno.test("Ogg is rejected by its type", () => {
  const harness = new DialogueHarness("Shoutcast");
  harness.feed("demo\r\ncontent-type:application/ogg\r\n\r\n");
  assert.match(harness.ingest.rejections[0] ?? "", /^application\/ogg is not taken here/);
  assert.equal(harness.dialogue.state, "over");
});

Deno.test("a password of 1 MB is one that is wrong", () => {
  const harness = new DialogueHarness("Shoutcast");
  harness.feed("x".repeat(1_000_000));
  assert.equal(harness.answers, "invalid password\r\n");
  assert.deepEqual(harness.doorkeeper.ingests, []);
});

Deno.test("a password alone is not told as the name of a broadcast", () => {
  for (const kind of ["not-allowed", "key-required", "unavailable"] as const) {
    const harness = new DialogueHarness("Shoutcast");
    harness.doorkeeper.ask = ({ name }) => {
      throw new PublishRefused(kind, `Cannot publish ${name}: no`);
    };
    harness.feed("hackme\r\n");
    assert.match(harness.dialogue.end?.why ?? "", /^Cannot publish …: no/);
    const named = new DialogueHarness("Shoutcast");
    named.doorkeeper.ask = harness.doorkeeper.ask;
    named.feed("demo:hackme\r\n");
    assert.match(named.dialogue.end?.why ?? "", /^Cannot publish demo: no/);
  }
});
