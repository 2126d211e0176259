/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** A thread that serves listeners. It imports no more than that takes. */
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../session/clock.ts";
import { Libc } from "../libc.ts";
import { ListenerThread } from "./listener_thread.ts";
import type { FromThread, ToThread } from "./messages.ts";
import { ThreadLog } from "./thread_log.ts";

const logger = getLogger(["echo", "hls"]);

const send = (message: FromThread) => self.postMessage(message);
const log = new ThreadLog(systemClock, (lines) => send({ kind: "log", lines }));
let thread: ListenerThread | undefined;
let started: Promise<void> | undefined;

// One bug does not end every listener's connection.
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  logger.fatal("A bug, please report it: {error}", { error: event.reason });
});
self.addEventListener("error", (event) => {
  event.preventDefault();
  logger.fatal("A bug, please report it: {error}", { error: event.error });
});

self.onmessage = async ({ data: message }: MessageEvent<ToThread>) => {
  if (message.kind === "start") {
    thread = new ListenerThread(message.settings, systemClock, send);
    started = log.apply(message.settings.levels);
    await started;
    giveWay();
  } else if (message.kind === "listen") {
    await started;
    thread?.listen();
  } else if (message.kind === "log") await log.apply(message.levels);
  else if (message.kind === "certificate") thread?.replaceCertificate(message.pair);
  else if (message.kind === "written") log.written();
  else if (message.kind === "close") {
    await thread?.close();
    log.flush(systemClock.now());
    send({ kind: "closed" });
  } else thread?.take(message);
};

/** Where processors are short, listeners wait rather than broadcasts. */
function giveWay(): void {
  if (Deno.build.os !== "linux") return;
  try {
    using libc = new Libc();
    if (!libc.lowerPriority()) logger.debug("Cannot lower the priority of this thread");
  } catch (error) {
    logger.debug("Cannot lower the priority of this thread: {error}", { error });
  }
}
