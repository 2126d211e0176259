/** The statistics are closed to clients that come through a proxy which says nothing of them. */
import assert from "node:assert/strict";
import { Agent, get } from "node:http";
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

scenario(
  "nor by a proxy that keeps its connection, once a request on it came from elsewhere",
  async () => {
    await using server = await EchoServer.start();
    const { statPort: port } = server;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (path: string, headers: Record<string, string> = {}) => {
      return new Promise<number | undefined>((resolve, reject) => {
        get({ agent, hostname: "127.0.0.1", port, path, headers }, (answer) => {
          answer.resume().on("end", () => resolve(answer.statusCode));
        }).on("error", reject);
      });
    };
    try {
      assert.equal(await ask("/stat/1/recordings"), 200);
      assert.equal(await ask("/health", { "X-Forwarded-For": "192.0.2.7" }), 200);
      assert.equal(await ask("/stat/1/recordings"), 401);
    } finally {
      agent.destroy();
    }
  },
);
