/** What is on air, as pages of stations read it. */
import assert from "node:assert/strict";
import { MAX_STATUS_BYTES, type MountStatus, statusJson } from "../../src/icecast/status.ts";

const server = { url: "http://192.0.2.1:8000", serverName: "Echo/2.0.0", startedAt: 0 };
const demo: MountStatus = {
  name: "demo",
  type: "audio/mpeg",
  facts: { "ice-name": "Radio", "ice-bitrate": "128", "ice-genre": "jazz" },
  tags: { title: "Sinnerman", artist: "Nina Simone" },
  listeners: 3,
  startedAt: 60_000,
};

function icestats(mounts: readonly MountStatus[]) {
  return JSON.parse(statusJson(server, mounts)).icestats;
}

Deno.test("a broadcast is an object, several are an array, none is not there", () => {
  assert.deepEqual(icestats([demo]).source, {
    bitrate: 128,
    genre: "jazz",
    listeners: 3,
    listenurl: "http://192.0.2.1:8000/demo",
    server_name: "Radio",
    server_type: "audio/mpeg",
    stream_start: "Thu, 01 Jan 1970 00:01:00 GMT",
    stream_start_iso8601: "1970-01-01T00:01:00.000Z",
    artist: "Nina Simone",
    title: "Sinnerman",
    yp_currently_playing: "Nina Simone - Sinnerman",
  });
  const both = icestats([demo, { ...demo, name: "other" }]).source;
  assert.deepEqual(both.map(({ listenurl }: { listenurl: string }) => listenurl), [
    "http://192.0.2.1:8000/demo",
    "http://192.0.2.1:8000/other",
  ]);
  assert.equal("source" in icestats([]), false);
});

Deno.test("what a source tells of its audio are numbers, as with Icecast", () => {
  const toldBy = (facts: MountStatus["facts"]) => {
    const { bitrate, channels, samplerate } = icestats([{ ...demo, facts }]).source;
    return [bitrate, channels, samplerate];
  };
  const audioInfo = "bitrate=128;channels=2;samplerate=44100";
  assert.deepEqual(toldBy({ "ice-audio-info": audioInfo }), [128, 2, 44_100]);
  assert.deepEqual(
    toldBy({ "ice-audio-info": "ice-bitrate=96; ice-channels=1", "ice-bitrate": "64" }),
    [64, 1, undefined],
  );
  const nonsense = [undefined, undefined, undefined];
  for (const info of ["", "bitrate", "bitrate=;channels=two", ";;=;"]) {
    assert.deepEqual(toldBy({ "ice-audio-info": info }), nonsense, info);
  }
});

Deno.test("the answer is bounded, however many are on air", () => {
  const many = Array.from({ length: 2000 }, (_, i) => ({ ...demo, name: `demo${i}` }));
  assert.equal(icestats(many).source.length, 100);
});

Deno.test("a broadcast of which nobody told anything has its name", () => {
  const { server_name, yp_currently_playing, bitrate } =
    icestats([{ ...demo, facts: {}, tags: undefined }]).source;
  assert.deepEqual([server_name, yp_currently_playing, bitrate], ["demo", "", undefined]);
});

Deno.test("the answer is bounded in bytes too, and made of no more broadcasts than fit", () => {
  const text = "\u{1f3b5}".repeat(256);
  const facts = Object.fromEntries(
    ["ice-name", "ice-description", "ice-genre", "ice-url", "ice-audio-info"].map((fact) => {
      return [fact, text];
    }),
  );
  let made = 0;
  const many = function* () {
    for (; made < 2000; made++) {
      yield { ...demo, name: "n".repeat(128), facts, tags: { title: text, artist: text } };
    }
  };
  const answer = statusJson(server, many());
  assert.ok(new TextEncoder().encode(answer).length <= MAX_STATUS_BYTES);
  const listed = JSON.parse(answer).icestats.source.length;
  assert.ok(listed >= 5);
  assert.equal(made, listed);
});
