/** Connections that carry TLS, of which many are read together: over real sockets, with a clock by hand. */
import assert from "node:assert/strict";
import { ReadCoalescer } from "../../src/listening/read_coalescer.ts";
import { CurrentCertificate } from "../../src/tls/current_certificate.ts";
import { TlsListener } from "../../src/tls/tls_listener.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { TestAuthority } from "../../testing/tls/test_authority.ts";
import { until } from "../../testing/until.ts";

/** In which each connection is read once. */
const PERIOD_MS = 96;

Deno.test({
  name: "in a crowd, what came over TLS in a turn is read together, and so is its end",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const clock = new FakeClock();
    await using authority = await TestAuthority.create();
    const certificate = new CurrentCertificate(await authority.issue());
    const listener = new TlsListener(Deno.listen({ hostname: "127.0.0.1", port: 0 }), certificate, {
      clock,
    });
    const coalescer = new ReadCoalescer({ clock, crowd: 1 });
    // Sockets of Node that were handed over do not keep a process going.
    const keptGoing = setInterval(() => {}, 1000);
    const { port } = listener.addr;
    const caCerts = [authority.root];
    const connecting = Deno.connectTls({ hostname: "localhost", port, caCerts });
    const accepted = await listener.accept();
    const [client] = await Promise.all([connecting, accepted.secured()]);
    const socket = coalescer.wrap(accepted);
    socket.setCoalesced?.(true);

    const reads: string[] = [];
    const buffer = new Uint8Array(64);
    const reading = (async () => {
      for (let n = await socket.read(buffer); n !== null; n = await socket.read(buffer)) {
        reads.push(new TextDecoder().decode(buffer.subarray(0, n)));
      }
    })();
    const send = async (text: string) => {
      await client.write(new TextEncoder().encode(text));
      await client.read(new Uint8Array(1)); // it has come to the system of this side
    };
    const answer = () => socket.write(Uint8Array.of(1));
    for (const text of ["a", "b"]) await Promise.all([send(text), answer()]);
    assert.deepEqual(reads, []);
    await clock.advance(PERIOD_MS);
    await until("both are read", () => reads.length > 0);
    assert.deepEqual(reads, ["ab"]);
    await Promise.all([send("c"), answer()]);
    client.close();
    assert.deepEqual(reads, ["ab"]);
    let isOver = false;
    void reading.then(() => isOver = true);
    await until("the end is seen", async () => {
      await clock.advance(PERIOD_MS);
      return isOver;
    });
    assert.deepEqual(reads, ["ab", "c"]);
    assert.equal(accepted.carrier !== undefined, true);
    socket.close();
    assert.equal(accepted.carrier, undefined);
    clearInterval(keptGoing);
    listener.close();
    coalescer.close();
  },
});
