/** Handovers as boxes send them to each other over HTTP. */
import assert from "node:assert/strict";
import { BoxHandovers } from "../../../src/fleet/ownership/box_handovers.ts";
import type { HandoverAnswer } from "../../../src/fleet/ownership/handover.ts";
import { handoverRoutes } from "../../../src/fleet/ownership/handover_routes.ts";
import { LinkFull } from "../../../src/fleet/links/box_links.ts";
import { type Caller, type NameRecord, newRecord } from "../../../src/fleet/registry.ts";
import type { NameWish } from "../../../src/session/names.ts";
import { knownBox } from "../../../testing/fleet/known_box.ts";
import { LinkedBox } from "../../../testing/fleet/linked_boxes.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";

const WISH: NameWish = {
  ...{ name: "demo", protocol: "srt", address: "192.0.2.7" },
  shown: { tokens: ["k.1"], approved: false },
};

const RECORD: NameRecord = {
  ...newRecord("demo"),
  ...{ box: "a", incarnation: "run-of-a", epoch: 7, sessionId: 4711, props: { show: "late" } },
  ...{ mediaSequence: 1234, endsAtMs: 99, toldAtMs: 98, holdMs: 30_000, createdAtMs: 5 },
};

/** A box that answers handovers, and one that asks. */
class Two implements AsyncDisposable {
  readonly asked: { readonly wish: NameWish; readonly to: Caller }[] = [];
  readonly told: NameRecord[] = [];
  answer: HandoverAnswer = { kind: "not-mine" };
  readonly #owner = new LinkedBox("a");
  readonly #other = new LinkedBox("b");
  readonly handovers = new BoxHandovers(this.#other.links);

  constructor() {
    this.#owner.routes.route(
      "/handover",
      handoverRoutes({
        handOver: (wish, to) => {
          this.asked.push({ wish, to });
          return Promise.resolve(this.answer);
        },
        has: (name) => name === "demo",
        taken: (record) => this.told.push(record),
      }),
    );
  }

  get owner() {
    return { ...knownBox("a"), ...this.#owner.place };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owner[Symbol.asyncDispose]();
    await this.#other[Symbol.asyncDispose]();
  }
}

Deno.test("what one box asks and another answers comes as it was", async () => {
  await using two = new Two();
  const answers: HandoverAnswer[] = [
    { kind: "handed", record: RECORD, isProven: true, state: { window: [1, 2] } },
    { kind: "handed", record: RECORD, isProven: false },
    { kind: "not-mine", record: RECORD },
    { kind: "not-mine" },
    { kind: "refused", later: true },
  ];
  for (const answer of answers) {
    two.answer = answer;
    assert.deepEqual(await two.handovers.ask(two.owner, WISH), answer);
  }
  assert.deepEqual(two.asked[0], { wish: WISH, to: { id: "b", incarnation: "run-of-b" } });
});

Deno.test("a box tells whether it has a name", async () => {
  await using two = new Two();
  assert.equal(await two.handovers.has(two.owner, "demo"), true);
  assert.equal(await two.handovers.has(two.owner, "other"), false);
});

Deno.test("the owner before is told who has the name", async () => {
  await using two = new Two();
  await two.handovers.taken(two.owner, RECORD);
  assert.deepEqual(two.told, [RECORD]);
});

Deno.test("a box that does not answer, or not as one does, is as good as gone", async () => {
  await using _log = await LogRecorder.start();
  await using two = new Two();
  const gone = { ...two.owner, privateUrl: "http://127.0.0.1:1" };
  assert.equal(await two.handovers.ask(gone, WISH), undefined);
  await two.handovers.taken(gone, RECORD);
  assert.equal(await two.handovers.has(gone, "demo"), undefined);
  two.answer = { kind: "handed" } as HandoverAnswer;
  assert.equal(await two.handovers.ask(two.owner, WISH), undefined);
});

Deno.test("a box that could not be asked is not gone, and its name is asked for again", async () => {
  await using _log = await LogRecorder.start();
  const handovers = new BoxHandovers({
    request: () => Promise.reject(new LinkFull("Cannot ask box a: 256 requests are under way")),
  });
  assert.deepEqual(await handovers.ask(knownBox("a"), WISH), { kind: "refused", later: true });
  assert.equal(await handovers.has(knownBox("a"), "demo"), true);
  await handovers.taken(knownBox("a"), RECORD);
});
