/** What a thread of listeners logs, and how much of it is sent. */
import assert from "node:assert/strict";
import { getLogger, reset } from "@logtape/logtape";
import type { LoggedLine } from "../../../src/station/threads/messages.ts";
import { ThreadLog } from "../../../src/station/threads/thread_log.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

Deno.test("lines are sent as they are to be written, together, and so many at most", async () => {
  const clock = new FakeClock();
  const sent: (readonly LoggedLine[])[] = [];
  const log = new ThreadLog(clock, (lines) => sent.push(lines));
  try {
    await log.apply({ own: "info", access: true });
    getLogger(["echo", "hls"]).error("Cannot {what}", { what: "go on", name: "demo", id: 7 });
    getLogger(["echo", "hls"]).debug("not");
    await clock.advance(100);
    assert.deepEqual(
      sent.map((lines) =>
        lines.map(({ category, level, text }) => {
          return [category.join("."), level, text];
        })
      ),
      [[["echo.hls", "error", "demo#7 Cannot go on"]]],
    );

    const access = getLogger("echo-hls-web");
    for (let i = 0; i < 1500; i++) access.info("a request");
    await clock.advance(100);
    const last = sent.at(-1) ?? [];
    assert.equal(last.length, 1001);
    assert.equal(last.at(-1)?.text, "500 lines of listeners' requests were dropped");

    await log.apply({ own: null, access: false });
    access.info("a request");
    await clock.advance(1000);
    assert.equal(sent.length, 2, "nothing is logged, so nothing is sent");
  } finally {
    await reset();
  }
});
