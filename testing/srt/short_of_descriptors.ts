/**
 * Runs a server where few file descriptors are to be had: prints its port, and ends with its stdin.
 */
import { listenSrt, loadSrt } from "../../ffi/srt.ts";
import { ListeningSockets } from "../../src/listening/listening_sockets.ts";
import { FakeClock } from "../fake_clock.ts";

const clock = new FakeClock();
const sockets = new ListeningSockets(clock);
const srt = loadSrt();
let end = (_why: Error) => {};
let letGo = 0;
let isOver = false;

const kept = sockets.keep({
  ...{ kind: "srt", what: "SRT", address: "127.0.0.1:0" },
  open: (onEnd) => {
    if (isOver) listenSrt(srt, { hostname: "127.0.0.1", port: 0 }).close();
    end = onEnd;
    isOver = true;
  },
  letGo: () => letGo++,
});
const taken = takeAll();
end(new Error("it broke"));
await clock.advance(120_000);
const { lost, problems } = sockets;
for (const file of taken) file.close();
await clock.advance(5000);
console.log(JSON.stringify({ letGo, lost, problems, restarts: sockets.restarts.get("srt") }));
kept.close();
srt.close();

function takeAll(): Deno.FsFile[] {
  const files: Deno.FsFile[] = [];
  for (;;) {
    try {
      files.push(Deno.openSync("/dev/null"));
    } catch {
      return files;
    }
  }
}
