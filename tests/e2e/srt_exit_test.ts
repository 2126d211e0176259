/** A second signal ends the server also while SRT callers wait for an answer. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { sharedPort } from "../../testing/e2e/srt_senders.ts";
import { SrtCallers } from "../../testing/srt/srt_callers.ts";

const CALLERS = 40;

scenario("a second signal ends the server while SRT callers wait for an answer", async () => {
  for (let round = 0; round < 5; round++) {
    await using server = await EchoServer.start();
    const callers = new SrtCallers();
    try {
      const shared = { hostname: "127.0.0.1", port: sharedPort(server) };
      for (let i = 0; i < CALLERS; i++) callers.call(shared, { streamId: "#!:{}nothing" });
      await server.line(/SRT connection from .* refused: /);
      // What comes while it does not run is there all at once: callers, and both signals.
      server.kill("SIGSTOP");
      for (let i = 0; i < CALLERS; i++) callers.call(shared, { streamId: "#!:{}nothing" });
      server.kill("SIGINT");
      server.kill("SIGTERM");
      const { code, signal } = await server.stop("SIGCONT");
      assert.deepEqual([code, signal], [1, null]);
    } finally {
      callers.close();
    }
  }
});
