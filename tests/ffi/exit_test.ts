/** How a program that uses libsrt ends, whatever it has left open. */
import assert from "node:assert/strict";

const ENTRY = new URL("../../ffi/srt.ts", import.meta.url).href;

/** Sends itself a message and is refused once; then ends as `end` says. */
function program(end: string): string {
  return `
    import { connectSrt, listenSrt, loadSrt, SrtPoller } from "${ENTRY}";
    const srt = loadSrt();
    const poller = new SrtPoller(srt);
    const passphrase = "correct horse";
    const listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0, receiverLatencyMs: 10, passphrase });
    const sockets = [listener];
    const received = Promise.withResolvers();
    const refused = Promise.withResolvers();
    poller.addListener(listener, {
      onError: received.reject,
      onConnection(connection) {
        sockets.push(connection);
        poller.addConnection(connection, { onMessage: received.resolve, onClose: received.reject });
      },
    });
    const caller = connectSrt(srt, listener.address, { passphrase });
    poller.addConnection(caller, {
      onWritable: () => caller.send(new Uint8Array(100)),
      onMessage() {},
      onClose() {},
    });
    const stranger = connectSrt(srt, listener.address);
    poller.addConnection(stranger, { onMessage() {}, onClose: refused.resolve });
    sockets.push(caller);
    await received.promise;
    await refused.promise;
    const close = () => {
      poller.close();
      for (const socket of sockets) socket.close();
      return srt.close();
    };
    ${end}
  `;
}

/** Refuses callers that keep coming; then ends as `end` says, while some of them wait for an answer. */
function refusing(end: string): string {
  return `
    import { connectSrt, listenSrt, loadSrt, SrtPoller } from "${ENTRY}";
    const srt = loadSrt();
    const poller = new SrtPoller(srt);
    const onRequest = () => 1403;
    const listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0, onRequest });
    poller.addListener(listener, { onConnection() {}, onError() {} });
    const callers = [];
    const callTwenty = () => {
      for (let i = 0; i < 20; i++) callers.push(connectSrt(srt, listener.address));
    };
    callTwenty();
    const first = Promise.withResolvers();
    poller.addConnection(callers[0], { onMessage() {}, onClose: first.resolve });
    await first.promise;
    callTwenty();
    for (let until = performance.now() + 50; performance.now() < until;);
    ${end}
  `;
}

async function run(
  end: string,
  toProgram = program,
): Promise<{ code: number; signal: string | null; stderr: string }> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, toProgram(end));
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-check", "--allow-ffi", file],
      env: { NO_COLOR: "1" },
    });
    const { code, signal, stderr } = await command.output();
    return { code, signal, stderr: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("a program that closes what it opened ends by itself, and libsrt says nothing on stderr", async () => {
  for (let i = 0; i < 10; i++) {
    assert.deepEqual(await run("await close();"), { code: 0, signal: null, stderr: "" });
  }
});

Deno.test("a program that ends with everything open ends cleanly", async () => {
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(await run("Deno.exit(7);"), { code: 7, signal: null, stderr: "" });
    assert.deepEqual(await run("poller.close();"), { code: 0, signal: null, stderr: "" });
    const thrown = await run("throw new Error('thrown');");
    assert.deepEqual({ ...thrown, stderr: "" }, { code: 1, signal: null, stderr: "" });
    assert.match(thrown.stderr, /^error: Uncaught .*Error: thrown/);
  }
});

Deno.test("a program ends cleanly while callers wait for its answer", async () => {
  const ends = [
    "poller.close(); listener.close(); await srt.close();",
    "poller.close(); await srt.close(); Deno.exit(0);",
    "poller.close(); listener.close();",
    "poller.close();",
  ];
  for (const end of ends) {
    assert.deepEqual(await run(end, refusing), { code: 0, signal: null, stderr: "" }, end);
  }
});

Deno.test("what is used after the library was closed throws, and closing it does no harm", async () => {
  const late = `
    await srt.close();
    for (const socket of sockets) socket.close();
    try {
      caller.send(new Uint8Array(1));
    } catch (error) {
      console.error(error.message);
    }
    poller.close();
  `;
  const { code, stderr } = await run(late);
  assert.equal(stderr, "Cannot call libsrt: it was closed\n");
  assert.equal(code, 0);
});
