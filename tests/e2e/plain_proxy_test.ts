/** The statistics are closed to clients that come through a proxy which says nothing of them. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { HttpCache } from "../../testing/e2e/http_cache.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

scenario(
  "without a token, the box itself is let in, and nobody by an nginx with nothing but proxy_pass",
  async () => {
    await using server = await EchoServer.start();
    await using nginx = await HttpCache.start("nginx", server.statPort);
    const here = `http://127.0.0.1:${server.statPort}`;
    for (
      const [path, inside, outside] of [["/stat/1/recordings", 200, 401], ["/", 200, 403]] as const
    ) {
      const answers = [await fetch(here + path), await nginx.request(path)];
      assert.deepEqual(answers.map(({ status }) => status), [inside, outside], path);
      for (const { body } of answers) await body?.cancel();
    }
    const open = await nginx.request("/stat/1/sessions");
    assert.deepEqual([open.status, await open.json()], [200, []]);
  },
);
