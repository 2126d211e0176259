/** When an audio element of the page begins to sound, and when it waits. */
import assert from "node:assert/strict";
import { HeadStart } from "../../../src/pages/listener/head_start.js";

/** An audio element that has loaded from `start` to `end`, in seconds. */
class FakeAudio extends EventTarget {
  playbackRate = 1;
  currentTime = 0;
  start = 0;
  end = 0;

  get buffered() {
    const { start, end } = this;
    return { length: end > start ? 1 : 0, start: () => start, end: () => end };
  }
}

function heldBack() {
  const audio = new FakeAudio();
  const headStart = new HeadStart(audio as unknown as HTMLAudioElement);
  headStart.hold();
  const load = (seconds: number) => {
    audio.end += seconds;
    headStart.check();
    return audio.playbackRate;
  };
  return { audio, headStart, load };
}

Deno.test("a show that begins is heard once four seconds of it are there", () => {
  const { load } = heldBack();
  assert.deepEqual([load(0), load(1), load(1), load(1), load(1)], [0, 0, 0, 0, 1]);
});

Deno.test("what is loaded far from where the element stands counts", () => {
  const { audio, headStart } = heldBack();
  Object.assign(audio, { start: 100, end: 103 });
  headStart.check();
  assert.equal(audio.playbackRate, 0);
  audio.end = 104;
  headStart.check();
  assert.equal(audio.playbackRate, 1);
});

Deno.test("what ran dry waits until enough is there again", () => {
  const { audio, load } = heldBack();
  load(4);
  audio.currentTime = 4;
  audio.dispatchEvent(new Event("waiting"));
  assert.deepEqual([load(0), load(2), load(2)], [0, 0, 1]);
});

Deno.test("a hiccup with something loaded holds nothing back", () => {
  const { audio, load } = heldBack();
  load(4);
  audio.currentTime = 3;
  audio.dispatchEvent(new Event("waiting"));
  assert.equal(audio.playbackRate, 1);
});

Deno.test("how much is enough may be another", () => {
  const { load, headStart } = heldBack();
  headStart.enoughS = 8;
  assert.deepEqual([load(4), load(4)], [0, 1]);
});

Deno.test("a speed that is only taken notice of while it plays is set again then", () => {
  const { audio } = heldBack();
  const speeds: number[] = [];
  Object.defineProperty(audio, "playbackRate", {
    get: () => speeds.at(-1) ?? 0,
    set: (speed: number) => speeds.push(speed),
  });
  audio.dispatchEvent(new Event("playing"));
  assert.deepEqual(speeds, [1, 0]);
});

Deno.test("it is asked to go on where it stands, if that is loaded", () => {
  for (const [at, asked] of [[2, [2]], [0, []]] as const) {
    const { audio, headStart } = heldBack();
    const places: number[] = [];
    Object.defineProperty(audio, "currentTime", {
      get: () => at,
      set: (place: number) => places.push(place),
    });
    Object.assign(audio, { start: 1, end: 9 });
    headStart.check();
    assert.deepEqual(places, asked);
  }
});

Deno.test("where no more comes, the rest is heard", () => {
  const { load, audio, headStart } = heldBack();
  assert.equal(load(2), 0);
  headStart.complete();
  assert.equal(audio.playbackRate, 1);
});

Deno.test("an element that was let go plays as ever", () => {
  const { audio, headStart } = heldBack();
  headStart.end();
  audio.dispatchEvent(new Event("waiting"));
  assert.equal(audio.playbackRate, 1);
});
