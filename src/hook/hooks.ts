/** Posts events to the hook server. */
import { randomUUID } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";
import type { EventBus, SessionEvent } from "../session/events.ts";
import { eventBody } from "./body.ts";
import {
  type HookAnswer,
  HookEndpoint,
  type HookEndpointOptions,
  type HookTarget,
  HookUnreachable,
} from "./endpoint.ts";
import { type Begun, EventQueue } from "./event_queue.ts";
import { HookAuthority } from "./hook_authority.ts";

const MAX_UNDER_WAY = 16;
const MAX_QUEUED = 10_000;
const MAX_QUEUED_PER_SESSION = 100;
const TIMEOUT_MS = 10_000;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** A `Retry-After` beyond this is cut to it. */
const MAX_RETRY_AFTER_MS = 300_000;
/** An event that cannot be delivered for this long is given up. */
const MAX_AGE_MS = 3_600_000;
const DROPPED_LOG_MS = 10_000;
/** While Echo stops: how long it goes on with queued events, and how soon it tries again. */
const CLOSING_MS = 2000;
const CLOSING_RETRY_MS = 250;

const logger = getLogger(["echo", "hook"]);

export interface HooksOptions extends HookEndpointOptions {
  readonly events: EventBus;
  /** From 0 to 1; `Math.random` by default. */
  readonly random?: () => number;
}

/**
 * Posts every event to the hook server: in order for each session, and again until the server takes
 * it. How long an event is kept, and how many are, has limits.
 */
export class Hooks {
  /** Asks the hook server who may publish. */
  readonly authority: HookAuthority;
  readonly #clock: Clock;
  readonly #endpoint: HookEndpoint;
  readonly #random: () => number;
  readonly #unsubscribe: () => void;
  /** The queues that hold an event, by session id. */
  readonly #queues = new Map<number, EventQueue>();
  /** Queues that have an event to send and wait for their turn. */
  readonly #ready: EventQueue[] = [];
  #underWay = 0;
  #delivered = 0;
  #failed = 0;
  #dropped = 0;
  #queued = 0;
  /** Dropped events that no delivered event has told of yet. */
  #untold = 0;
  #unlogged = 0;
  #dropLog: Timer | undefined;
  /** Whether the last attempt failed. */
  #failing = false;
  /** Called once nothing is queued; set while it closes. */
  #emptied: (() => void) | undefined;
  #closed = false;

  constructor({ events, random = Math.random, ...options }: HooksOptions) {
    this.#clock = options.clock;
    this.#endpoint = new HookEndpoint(options);
    this.authority = new HookAuthority(this.#endpoint, options.clock);
    this.#random = random;
    this.#unsubscribe = events.subscribe((event) => this.#add(event));
  }

  /** Events that the hook server has taken. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Attempts that failed, repeated or not. */
  get failed(): number {
    return this.#failed;
  }

  /** Events that the hook server will never get: refused, too old, or too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Events that wait or are under way. */
  get queued(): number {
    return this.#queued;
  }

  /** Whether the last attempt failed, and events wait to be sent again. */
  get failing(): boolean {
    return this.#failing && this.#queued > 0;
  }

  /** Sends to `target` from now on, and queued events at once. Without a URL, these are dropped. */
  replace(target: HookTarget): void {
    if (this.#closed) return;
    this.#endpoint.replace(target);
    if (!this.#endpoint.exists) this.#dropWaiting();
    this.#hurry();
  }

  /** Takes no more events, and gives what is queued a short time to be delivered. */
  async close(): Promise<void> {
    this.#unsubscribe();
    if (this.#queued > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#emptied = resolve;
      const timer = this.#clock.after(CLOSING_MS, resolve);
      this.#hurry();
      await promise;
      timer.cancel();
    }
    this.#closed = true;
    for (const queue of this.#queues.values()) queue.retry?.cancel();
    this.#drop(this.#queued);
    this.#queued = 0;
    this.#endpoint.close();
    this.#logDropped();
  }

  #add(event: SessionEvent): void {
    // Of a session that goes on at another box, the hook server is told no end and no beginning.
    if (!this.#endpoint.exists || "goesOn" in event) return;
    const queue = this.#queues.get(event.id) ?? new EventQueue();
    if (queue.length >= MAX_QUEUED_PER_SESSION || this.#queued >= MAX_QUEUED) {
      // One that waits is dropped; where none does, the new one is.
      const dropped = queue.giveUp();
      if (dropped !== undefined) this.#queued--;
      this.#drop(1);
      if (dropped === undefined) return;
    }
    this.#queues.set(event.id, queue);
    queue.push({ event, since: this.#clock.awake() });
    this.#queued++;
    this.#activate(queue);
  }

  /** Has a queue wait for its turn, unless it does already, or waits to try again. */
  #activate(queue: EventQueue): void {
    if (this.#closed || queue.isActive || queue.retry !== undefined || queue.length === 0) return;
    queue.isActive = true;
    this.#ready.push(queue);
    this.#sendNext();
  }

  #sendNext(): void {
    while (this.#underWay < MAX_UNDER_WAY && !this.#closed) {
      const queue = this.#ready.shift();
      if (queue === undefined) return;
      this.#underWay++;
      void this.#send(queue).finally(() => {
        this.#underWay--;
        queue.isActive = false;
        this.#activate(queue);
        this.#sendNext();
      });
    }
  }

  /** Sends a queue's first event once. */
  async #send(queue: EventQueue): Promise<void> {
    const begun = queue.begun ??= this.#begin(queue);
    if (begun === undefined) return;
    begun.attempts++;
    const answer = await this.#post(begun);
    if (this.#closed) return;
    if (typeof answer === "string") return this.#failedBy(queue, begun, answer, undefined);
    const { status, retryAfterMs } = answer;
    if (status >= 200 && status < 300) return this.#deliveredBy(queue, begun);
    if (status === 429 || status >= 500) {
      return this.#failedBy(queue, begun, `status ${status}`, retryAfterMs);
    }
    this.#failed++;
    const { kind, id, name } = begun.event;
    logger.warn("The hook server refuses {kind} with status {status}: it is not sent again", {
      ...{ kind, status, id, name },
    });
    this.#giveUp(queue, begun);
  }

  #begin(queue: EventQueue): Begun | undefined {
    const waiting = queue.shift();
    if (waiting === undefined) return undefined;
    const dropped = this.#untold;
    this.#untold = 0;
    const body = eventBody(waiting.event, dropped);
    return { ...waiting, id: randomUUID(), body, dropped, attempts: 0 };
  }

  /** @returns the answer; where there was none, why */
  async #post(begun: Begun): Promise<HookAnswer | string> {
    try {
      return await this.#endpoint.post(begun, TIMEOUT_MS);
    } catch (error) {
      if (error instanceof HookUnreachable) return error.message;
      logger.error("Cannot post a hook: {error}", { error });
      return "a bug";
    }
  }

  #deliveredBy(queue: EventQueue, { event }: Begun): void {
    this.#delivered++;
    if (this.#failing) {
      logger.info("The hook server {server} takes events again", {
        server: this.#endpoint.origin,
      });
    }
    this.#failing = false;
    this.#remove(queue, event.id);
  }

  #failedBy(queue: EventQueue, begun: Begun, why: string, retryAfterMs: number | undefined): void {
    this.#failed++;
    if (!this.#failing) {
      logger.warn("The hook server {server} does not take events, they wait: {why}", {
        server: this.#endpoint.origin,
        why,
      });
    }
    this.#failing = true;
    const isOld = this.#clock.waited(begun.since) >= MAX_AGE_MS;
    if (isOld || !this.#endpoint.exists) return this.#giveUp(queue, begun);
    const delayMs = this.#retryDelayMs(begun.attempts, retryAfterMs);
    queue.retry = this.#clock.after(delayMs, () => {
      queue.retry = undefined;
      this.#activate(queue);
    });
  }

  /** Twice as long each time, less up to a half by chance, so that retries spread out. */
  #retryDelayMs(attempts: number, retryAfterMs: number = 0): number {
    const backoffMs = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), MAX_RETRY_MS);
    const delayMs = Math.max(
      backoffMs * (1 - this.#random() / 2),
      Math.min(retryAfterMs, MAX_RETRY_AFTER_MS),
    );
    return this.#emptied === undefined ? delayMs : Math.min(delayMs, CLOSING_RETRY_MS);
  }

  #giveUp(queue: EventQueue, { event, dropped }: Begun): void {
    this.#untold += dropped;
    this.#drop(1);
    this.#remove(queue, event.id);
  }

  /** Takes out the event that was sent. */
  #remove(queue: EventQueue, sessionId: number): void {
    queue.begun = undefined;
    this.#queued--;
    if (queue.length === 0) this.#queues.delete(sessionId);
    if (this.#queued === 0) this.#emptied?.();
  }

  #dropWaiting(): void {
    for (const [id, queue] of this.#queues) {
      while (queue.shift() !== undefined) {
        this.#queued--;
        this.#drop(1);
      }
      if (queue.length === 0) this.#queues.delete(id);
    }
  }

  /** Sends now whatever waits to be sent again. */
  #hurry(): void {
    for (const queue of this.#queues.values()) {
      queue.retry?.cancel();
      queue.retry = undefined;
      this.#activate(queue);
    }
  }

  #drop(count: number): void {
    this.#dropped += count;
    this.#untold += count;
    this.#unlogged += count;
    this.#dropLog ??= this.#clock.after(DROPPED_LOG_MS, () => this.#logDropped());
  }

  #logDropped(): void {
    this.#dropLog?.cancel();
    this.#dropLog = undefined;
    if (this.#unlogged === 0) return;
    logger.warn("{count} events were dropped, the hook server {server} is never told", {
      count: this.#unlogged,
      server: this.#endpoint.origin,
    });
    this.#unlogged = 0;
  }
}
