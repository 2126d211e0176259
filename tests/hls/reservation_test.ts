/** How a name's numbers are reserved on a disk that does not answer, or fails. */
import assert from "node:assert/strict";
import { type NameState, Reservation } from "../../src/hls/name_states.ts";
import type { ShownOpen } from "../../src/hls/silent_end.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";

/** A reservation, and the saves that it has begun. */
function setUp(state?: NameState) {
  const saves: { readonly state: NameState; readonly end: (saved: boolean) => void }[] = [];
  const save = (_: string, state: NameState) => {
    const { promise, resolve: end } = Promise.withResolvers<boolean>();
    saves.push({ state, end });
    return promise;
  };
  return { reservation: new Reservation("demo", { save }, state), saves };
}

/** Lets all that waits for nothing happen. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function open(sequence: number): ShownOpen {
  const config = audioConfig();
  return { ...{ sequence, config, discontinuity: false, wallMs: 0 }, beforeUs: undefined };
}

Deno.test("while a save hangs one more waits, which keeps all that has changed", async () => {
  const { reservation, saves } = setUp();
  const first = reservation.cover({ mediaSequence: 100, discontinuitySequence: 0 });
  await settle();
  const others: Promise<void>[] = [];
  for (let sequence = 100; sequence < 3700; sequence++) {
    others.push(reservation.showOpen([open(sequence)]));
  }
  others.push(reservation.tellWritten(false));
  let isKept = false;
  const all = Promise.all(others).then(() => isKept = true);
  await settle();
  assert.equal(saves.length, 1);
  saves[0]?.end(true);
  await first;
  await settle();
  assert.deepEqual([saves.length, isKept], [2, false]);
  saves[1]?.end(true);
  await all;
  const { state } = saves[1] ?? {};
  assert.deepEqual([state?.mediaSequence, state?.written], [1100, false]);
  assert.equal(state?.shownOpen.at(-1)?.sequence, 3699);
  await settle();
  assert.equal(saves.length, 2);
});

Deno.test("the configurations are kept of all segments that a playlist lists of a second each", async () => {
  const { reservation, saves } = setUp();
  const shown = Array.from({ length: 13 }, (_, i) => open(i));
  const kept = reservation.showOpen(shown);
  await settle();
  saves[0]?.end(true);
  await kept;
  assert.deepEqual(saves[0]?.state.shownOpen, shown);
});

Deno.test("what a disk did not take is kept with the next change", async () => {
  const { reservation, saves } = setUp();
  const failed = reservation.tellWritten(false);
  await settle();
  saves[0]?.end(false);
  await failed;
  const shown = reservation.showOpen([open(7)]);
  await settle();
  saves[1]?.end(true);
  await shown;
  assert.deepEqual(saves[1]?.state.written, false);
  assert.deepEqual(saves[1]?.state.shownOpen, [open(7)]);
});

Deno.test("a reservation begins with what was kept of the name", async () => {
  const kept = { mediaSequence: 1000, discontinuitySequence: 3, written: false };
  const { reservation, saves } = setUp({ ...kept, shownOpen: [open(6)] });
  await reservation.cover({ mediaSequence: 1000, discontinuitySequence: 3 });
  const shown = reservation.showOpen([open(6), open(7)]);
  await settle();
  saves[0]?.end(true);
  await shown;
  assert.deepEqual(saves.map(({ state }) => state), [{ ...kept, shownOpen: [open(6), open(7)] }]);
});
