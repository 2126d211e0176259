/**
 * The certificate is renewed under DJs by RTMPS and listeners by HTTPS. `TLS_DJS` and `TLS_LISTENERS`
 * say how many, as `deno task test:tls` has them.
 */
import assert from "node:assert/strict";
import { scenario } from "../../testing/e2e/scenario.ts";
import { SecureDj, SecureListener } from "../../testing/e2e/secure_clients.ts";
import { SecureServer } from "../../testing/e2e/secure_server.ts";
import { until } from "../../testing/until.ts";

const DJS = Number(Deno.env.get("TLS_DJS") ?? 4);
const LISTENERS = Number(Deno.env.get("TLS_LISTENERS") ?? 16);
const AT_ONCE = 10;

scenario("a renewal drops nobody, and the next connection gets the new certificate", async () => {
  await using server = await SecureServer.start({ env: { ICECAST_ENABLED: "1" } });
  await using stack = new AsyncDisposableStack();
  const djs = await inTurn(DJS, async (i) => stack.use(await SecureDj.start(server, `dj${i}`)));
  await until("they are on air", async () => {
    const { status } = await server.curl(server.playlistUrl(`dj${DJS - 1}`));
    return status === 200;
  });
  const listeners = await inTurn(LISTENERS, async (i) => {
    const version = i % 2 === 0 ? "h2" : "http/1.1";
    return stack.use(await SecureListener.start(server, `dj${i % DJS}`, version));
  });
  const goOn = async (what: string) => {
    const before = listeners.map(({ answers }) => answers);
    await until(what, () => {
      const failures = [...djs, ...listeners].flatMap(({ failure }) => failure ?? []);
      assert.deepEqual(failures, []);
      return listeners.every(({ answers }, i) => answers >= (before[i] ?? 0) + 2);
    });
  };
  await goOn("all listeners are answered");
  for (const how of ["on SIGHUP", "when the files change"]) {
    const pair = await server.authority.issue({ chain: true, kind: "rsa" });
    await server.write(pair);
    if (how === "on SIGHUP") server.echo.kill("SIGHUP");
    const [own = ""] = pair.cert.split(/(?<=-----END CERTIFICATE-----)/);
    for (const port of Object.values(server.ports)) {
      await until(`${port} has the new one ${how}`, async () => {
        return await server.certificateAt(port) === own.trim();
      });
    }
    await goOn(`all listeners are answered after a renewal ${how}`);
  }
  const count = await server.curl(`https://localhost:${server.ports.stat}/stat/1/sessions/count`);
  assert.equal(JSON.parse(count.body).input.rtmp, DJS);
  const ended = server.echo.log.filter((line) => / dj\d+#\d+ RTMP connection /.test(line));
  assert.deepEqual(ended, []);
  console.log(`${DJS} DJs, ${LISTENERS} listeners: none dropped by two renewals`);
});

async function inTurn<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let at = 0; at < count; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => make(at + i));
    made.push(...await Promise.all(some));
  }
  return made;
}
