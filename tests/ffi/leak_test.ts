/** Listeners and connections leave no descriptor and no thread behind. */
import { SrtPoller } from "../../ffi/srt.ts";
import { bytes, connected, Server, srt } from "../../testing/ffi/loopback.ts";
import { until } from "../../testing/until.ts";

function count(what: "fd" | "task"): number {
  return [...Deno.readDirSync(`/proc/self/${what}`)].length;
}

async function openAndClose(poller: SrtPoller, leaver: "caller" | "receiver"): Promise<void> {
  using server = new Server(poller, { receiverLatencyMs: 10 });
  const caller = await connected(poller, server.listener.address);
  const receiver = await server.connection();
  caller.connection.send(bytes("message"));
  await until("a message comes", () => receiver.messages.length === 1);
  const [leaves, stays] = leaver === "caller" ? [caller, receiver] : [receiver, caller];
  leaves.connection.close();
  await until("the connection has ended", () => stays.end !== undefined);
}

Deno.test("200 listeners and connections leave no descriptor and no thread", async () => {
  using poller = new SrtPoller(srt);
  // What libsrt and Deno make once and keep.
  await openAndClose(poller, "caller");
  const settled = { fd: count("fd"), task: count("task") };
  for (let i = 0; i < 10; i++) {
    await Promise.all(Array.from({ length: 20 }, (_, n) => {
      return openAndClose(poller, n % 2 === 0 ? "caller" : "receiver");
    }));
  }
  // libsrt clears sockets away a second or so after their end.
  await until(
    "all of it is gone",
    () => count("fd") <= settled.fd && count("task") <= settled.task,
  );
});
