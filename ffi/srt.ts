/**
 * libsrt for Deno: SRT (Secure Reliable Transport) live streams by FFI.
 *
 * ```ts
 * import { listenSrt, loadSrt, SrtPoller } from "./srt.ts";
 *
 * const srt = loadSrt();
 * const poller = new SrtPoller(srt);
 * const listener = listenSrt(srt, { hostname: "0.0.0.0", port: 9000, receiverLatencyMs: 120 });
 *
 * poller.addListener(listener, {
 *   onError: (error) => console.error(error.message),
 *   onConnection(connection) {
 *     console.log(connection.peer.hostname, connection.streamId);
 *     poller.addConnection(connection, {
 *       onMessage: (message, control) => console.log(control.messageNumber, message.length),
 *       onClose: (error) => console.log(error.message, connection.statistics),
 *     });
 *   },
 * });
 *
 * Deno.addSignalListener("SIGINT", () => {
 *   poller.close();
 *   listener.close();
 *   srt.close();
 * });
 * ```
 *
 * Run it with `deno run --allow-ffi`, and send to it with
 * `ffmpeg -re -i FILE -c copy -f mpegts "srt://127.0.0.1:9000?streamid=demo"`.
 *
 * @module
 */

export { formatAddress, type SrtAddress } from "./address.ts";
export { connectSrt, SrtConnection } from "./connection.ts";
export * from "./constants.ts";
export { SrtError, SrtUnavailable, type TriedLibrary } from "./errors.ts";
export { loadSrt, type LoadSrtOptions, SrtLibrary } from "./library.ts";
export { listenSrt, SrtListener, type SrtListenOptions } from "./listener.ts";
export { messagesLost, SrtMessageControl } from "./message_control.ts";
export { receiveBufferFor, type ReceiveLoad, type SrtOptions } from "./options.ts";
export {
  type SrtConnectionHandler,
  type SrtListenerHandler,
  SrtPoller,
  type SrtPollerOptions,
} from "./poller.ts";
export type { AnswerRequest, SrtRequest } from "./requests.ts";
export { SrtSocket, type SrtSocketState } from "./socket.ts";
export type { SrtStatistics } from "./statistics.ts";
export type { SrtSymbols } from "./symbols.ts";
