/** Tells systemd how the service is doing. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";
import { NotifySocket } from "./notify_socket.ts";

const logger = getLogger(["echo", "systemd"]);

export interface NotifyOptions {
  /** The process environment; without `NOTIFY_SOCKET` in it nothing is ever sent. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly clock: Clock;
}

/**
 * Tells systemd (sd_notify(3)) that the service is ready, rereads its configuration or stops; a
 * line of status; and, for its watchdog, that the service is alive. Signs of life go out by a timer
 * of the event loop, which does all of the server's work: where that is stuck, they stop, and
 * systemd restarts the service. They also stop where the server says that it needs a restart.
 */
export class ServiceNotifier {
  readonly #clock: Clock;
  readonly #watched: boolean;
  readonly #running: Running | undefined;
  #status: () => string = () => "starting";
  #works: () => boolean = () => true;
  #statusSent = "";
  /** The state that systemd has not taken yet, as its queue may be full for a moment. */
  #owed: readonly string[] = [];
  #needsTime = false;
  #failed = false;

  constructor({ env, pid, clock }: NotifyOptions) {
    this.#clock = clock;
    const watchdogMs = watchdogOf(env, pid);
    this.#watched = watchdogMs !== undefined;
    const name = env.NOTIFY_SOCKET ?? "";
    if (name === "") return;
    try {
      const socket = new NotifySocket(name);
      const pulseMs = Math.min(PULSE_MS, (watchdogMs ?? Infinity) / 2);
      this.#running = { socket, pulse: this.#clock.every(pulseMs, () => this.#pulse()) };
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * Tells that the server serves.
   * @param status says in a few words how much it has to do
   * @param works says whether the server works: while it does not, there are no signs of life
   */
  ready(status: () => string, works: () => boolean = () => true): void {
    this.#status = status;
    this.#works = works;
    this.#tell("READY=1");
  }

  /** Tells that the configuration is being reread, until {@link ready}. */
  reloading(): void {
    if (this.#running === undefined) return;
    this.#tell("RELOADING=1", `MONOTONIC_USEC=${this.#running.socket.monotonicUs()}`);
  }

  /** Tells that the server is going to stop, and asks for more time until {@link stopping}. */
  draining(status: () => string): void {
    this.#status = status;
    this.#needsTime = true;
    this.#tell("STOPPING=1");
  }

  /** Tells that the server stops. */
  stopping(): void {
    this.#status = () => "stops";
    const moreTime = this.#moreTime();
    this.#needsTime = false;
    this.#tell("STOPPING=1", ...moreTime);
  }

  close(): void {
    this.#running?.pulse.cancel();
    this.#running?.socket.close();
  }

  /** Tells a state now, and again with each pulse until systemd has taken it. */
  #tell(...state: string[]): void {
    this.#owed = state;
    this.#send();
  }

  #pulse(): void {
    this.#send(...(this.#watched && this.#works() ? ["WATCHDOG=1"] : []));
  }

  /** Sends `lines`, and with them all that systemd does not know yet. */
  #send(...lines: string[]): void {
    if (this.#running === undefined) return;
    const status = this.#status().replace(/[\r\n]+/g, " ");
    const fresh = status === this.#statusSent ? [] : [`STATUS=${status}`];
    const message = [...this.#owed, ...lines, ...this.#moreTime(), ...fresh];
    if (message.length === 0) return;
    if (!this.#running.socket.send(message.join("\n"))) {
      return this.#complain("it does not take what is sent");
    }
    this.#owed = [];
    this.#statusSent = status;
  }

  #moreTime(): string[] {
    return this.#needsTime ? [`EXTEND_TIMEOUT_USEC=${MORE_TIME_MS * 1000}`] : [];
  }

  #complain(why: string): void {
    if (!this.#failed) logger.warn("Cannot notify systemd: {why}", { why });
    this.#failed = true;
  }
}

/** What there is from start to close. */
interface Running {
  readonly socket: NotifySocket;
  readonly pulse: Timer;
}

/** How often the status is looked at, and more time is asked for. */
const PULSE_MS = 5000;
/** How much time is asked for: as much as a stop may take after the last pulse of a drain. */
const MORE_TIME_MS = 30_000;

/** How long systemd waits for a sign of life of this process; `undefined` where it does not. */
function watchdogOf(env: NotifyOptions["env"], pid: number): number | undefined {
  const { WATCHDOG_USEC = "", WATCHDOG_PID = "" } = env;
  if (WATCHDOG_PID !== "" && WATCHDOG_PID !== String(pid)) return undefined;
  return /^[1-9]\d*$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) / 1000 : undefined;
}
