/** What operators read of events. */
import assert from "node:assert/strict";
import { wordsOf } from "../../../src/pages/dashboard/event_words.js";
import { UNKNOWN_REASON } from "../../../src/session/reason.ts";

function words(event: string, reason: { readonly code: number; readonly message: string }): string {
  const common = { number: 1, time: "2026-11-26T17:00:00Z", session_id: 1, name: "demo" };
  return wordsOf({ ...common, event, protocol: "rtmp", details: { reason } });
}

Deno.test("a reason is told with its number", () => {
  const reason = { code: 7, message: "the phone rings" };
  assert.equal(words("pause", reason), "paused: the phone rings (7)");
  assert.equal(words("resume", reason), "on air again by rtmp: the phone rings (7)");
  assert.equal(words("release", reason), "over: the phone rings (7)");
});

Deno.test("where nobody has given a reason, the words say what is known", () => {
  assert.equal(words("pause", UNKNOWN_REASON), "paused: the connection is gone");
  assert.equal(words("resume", UNKNOWN_REASON), "on air again by rtmp");
  assert.equal(words("release", UNKNOWN_REASON), "over");
});
