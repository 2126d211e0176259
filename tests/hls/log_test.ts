/** What the log says of what can be heard. */
import assert from "node:assert/strict";
import { logEvent } from "../../src/session/log_events.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { FRAME_MS } from "../../testing/hls/on_air.ts";
import { Run } from "../../testing/hls/run.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const SEGMENT_MS = 47 * FRAME_MS;

Deno.test("the log tells that a broadcast can be heard with its first segment", () =>
  withFolder(async (path) => {
    await using log = await LogRecorder.start();
    const run = await start(path);
    const ingest = run.publish();
    await run.broadcast(ingest, 1);
    const id = run.manager.find("demo")?.id;
    assert.deepEqual(log.matching(/can be heard/), [
      `info demo#${id} can be heard at ${path}/demo/playlist.m3u8`,
    ]);
    await run.broadcast(ingest, 8, SEGMENT_MS);
    assert.equal(log.matching(/can be heard/).length, 1, "said once");
    assert.equal(run.seen.filter(({ kind }) => kind === "hls-ready").length, 1);
    run.kill();
    await run.hls.stop();
  }));

Deno.test("the log never tells of a name that is on air, or can still be heard, that it cannot", () =>
  withFolder(async (path) => {
    await using log = await LogRecorder.start();
    const run = await start(path);
    await run.broadcast(run.publish(), 4);
    run.manager.find("demo")?.end("teardown", SERVER_REASON);
    const second = run.publish();
    await run.broadcast(second, 8);
    assert.equal(run.seen.filter(({ kind }) => kind === "hls-release").length, 1);
    assert.deepEqual(log.matching(/no longer/), []);

    run.manager.find("demo")?.end("teardown", SERVER_REASON);
    const third = run.publish();
    const id = run.manager.find("demo")?.id;
    await run.broadcast(third, 1);
    run.manager.find("demo")?.end("teardown", SERVER_REASON);
    for (let i = 0; i < 30; i++) await run.clock.advance(1000);
    assert.equal(run.seen.filter(({ kind }) => kind === "hls-release").length, 3);
    assert.deepEqual(log.matching(/no longer/), [`info demo#${id} can no longer be heard`]);
    run.kill();
    await run.hls.stop();
  }));

/** A run that logs what happens as the server does. */
async function start(path: string): Promise<Run> {
  const run = await Run.start(path, new FakeClock());
  run.events.subscribe(logEvent);
  return run;
}
