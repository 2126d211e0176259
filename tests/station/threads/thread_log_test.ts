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
    await log.apply({ own: "info", access: true, maxLines: 1000 });
    getLogger(["echo", "hls"]).error("Cannot {what}", { what: "go on", name: "demo", id: 7 });
    getLogger(["echo", "hls"]).debug("not");
    await clock.advance(100);
    log.written();
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
    log.written();
    const last = sent.at(-1) ?? [];
    assert.equal(last.length, 1001);
    assert.equal(last.at(-1)?.text, "500 lines of listeners' requests were dropped");

    await log.apply({ own: null, access: false, maxLines: 1000 });
    access.info("a request");
    await clock.advance(1000);
    assert.equal(sent.length, 2, "nothing is logged, so nothing is sent");
  } finally {
    await reset();
  }
});

Deno.test("a flood of requests takes no room from other lines, and nothing is piled up", async () => {
  const clock = new FakeClock();
  const sent: string[][] = [];
  const log = new ThreadLog(clock, (lines) => sent.push(lines.map(({ text }) => text)));
  const flood = () => {
    for (let i = 0; i < 15; i++) getLogger("echo-hls-web").info("a request");
  };
  try {
    await log.apply({ own: "info", access: true, maxLines: 10 });
    flood();
    getLogger(["echo", "hls"]).error("an error");
    await clock.advance(100);
    const dropped = "5 lines of listeners' requests were dropped";
    const requests = new Array(10).fill("a request");
    assert.deepEqual(sent, [[...requests, "an error", dropped]]);

    flood();
    await clock.advance(1000);
    assert.equal(sent.length, 1, "the first are not written yet");
    log.written();
    await clock.advance(100);
    assert.deepEqual(sent.slice(1), [[...requests, dropped]]);

    log.written();
    for (let i = 0; i < 102; i++) getLogger(["echo", "hls"]).error(`error ${i}`);
    await clock.advance(100);
    assert.equal(sent[2]?.length, 101);
    assert.equal(sent[2]?.at(-1), "2 lines of this thread were dropped");
  } finally {
    await reset();
  }
});
