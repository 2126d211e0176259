/** The registry on a Redis. */
import { z } from "zod";
import type { Clock } from "../../session/clock.ts";
import {
  type BeatAnswer,
  type BoxRecord,
  type Caller,
  type Changes,
  type Claimed,
  isUnheard,
  type KnownBox,
  type KnownEpochs,
  type NameRecord,
  newRecord,
  type Registry,
  RegistryUnavailable,
  type Saved,
} from "../registry.ts";
import {
  BOX_FIELDS,
  boxText,
  knownBox,
  NAME_FIELDS,
  type NameFields,
  nameRecord,
  restOf,
} from "./records.ts";
import type { RedisServers } from "./redis_connection.ts";
import { ANSWER_MS, RedisLink } from "./redis_link.ts";
import {
  BEAT,
  CHANGES,
  CLAIM,
  LEAVE,
  type RedisScript,
  SAVE,
  SESSION_IDS,
  TIME,
} from "./scripts.ts";

export interface RedisRegistryOptions {
  readonly clock: Clock;
  readonly link: Pick<RedisLink, "run" | "connections" | "close">;
}

/** A registry on the Redis that is there; it need not answer yet. */
export function openRedisRegistry(clock: Clock, servers: RedisServers): RedisRegistry {
  return new RedisRegistry({ clock, link: new RedisLink({ clock, servers }) });
}

/** A registry that asks a Redis. */
export class RedisRegistry implements Registry {
  readonly #clock: Clock;
  readonly #link: RedisRegistryOptions["link"];
  /** The connection by which changes were told last. */
  #toldBy = 0;
  #time: RedisTime | undefined;

  constructor({ clock, link }: RedisRegistryOptions) {
    this.#clock = clock;
    this.#link = link;
  }

  async beat(box: BoxRecord, since: number): Promise<BeatAnswer> {
    const { id, incarnation, alike } = box;
    const joins = since === 0 ? "1" : "0";
    const args = [id, incarnation, alike, boxText(box), this.#since(since), joins];
    const [answer, connection] = await this.#askBy(BEAT, args, BEAT_ANSWER);
    if (answer[0] !== "changes") {
      const [why, fields] = answer;
      const by = knownBox(fields);
      if (by === undefined) throw new RegistryUnavailable("Cannot read the record of a box");
      return { kind: "refused", why, by };
    }
    return { kind: "joined", changes: await this.#changesOf(answer, connection) };
  }

  async changes(since: number): Promise<Changes> {
    return await this.#changesOf(
      ...await this.#askBy(CHANGES, [this.#since(since), "1"], CHANGES_ANSWER),
    );
  }

  async claim(
    name: string,
    { id, incarnation }: Caller,
    { shown = 0, known = 0 }: KnownEpochs = {},
  ): Promise<Claimed> {
    const rest = restOf(newRecord(name));
    const epochs = [shown, known].map(String);
    const lateAt = String(await this.#redisNow() + ANSWER_MS);
    const args = [name, id, incarnation, ...epochs, rest, lateAt];
    const answer = await this.#ask(CLAIM, args, CLAIM_ANSWER);
    if (answer[0] === "late") throw new RegistryUnavailable("It took a claim too late");
    if (answer[0] === "taken") return { kind: "taken", by: readName(answer[1]) };
    const [, epoch, fields] = answer;
    const own = { box: id, incarnation, epoch: Number(epoch) };
    return { kind: "granted", record: fields && nameRecord(fields), own };
  }

  async save(record: NameRecord): Promise<Saved> {
    const { name, box, incarnation, epoch, state } = record;
    const unheard = isUnheard(record) ? "1" : "0";
    const args = [name, box, incarnation, String(epoch), state, restOf(record), unheard];
    const answer = await this.#ask(SAVE, args, SAVE_ANSWER);
    return answer[0] === "saved" ? { kind: "saved" } : { kind: "lost", to: readName(answer[1]) };
  }

  async reserveSessionIds(count: number): Promise<number> {
    return Number(await this.#ask(SESSION_IDS, [String(count)], z.string()));
  }

  async leave({ id, incarnation }: Caller): Promise<void> {
    await this.#ask(LEAVE, [id, incarnation], z.string());
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  /** Another connection may lead to another Redis, which has not all that the one before told. */
  #since(since: number): string {
    return this.#toldBy === this.#link.connections ? String(since) : "0";
  }

  /** Reads an answer that came by a connection, and asks for the further pages of it. */
  async #changesOf(first: z.output<typeof CHANGES_ANSWER>, by: number): Promise<Changes> {
    const names: NameRecord[] = [];
    let answer = first;
    for (;;) {
      const [, version, now, renewed, more, boxes, changed] = answer;
      this.#time = { by, atMs: Number(now), monotonicMs: this.#clock.monotonic() };
      names.push(...changed.map(nameRecord).filter((record) => record !== undefined));
      if (more === 0) {
        this.#toldBy = by;
        const known: KnownBox[] = boxes.map(knownBox).filter((box) => box !== undefined);
        const isRenewed = renewed === 1 || first[3] === 1;
        return { version: Number(version), renewed: isRenewed, boxes: known, names };
      }
      answer = await this.#ask(CHANGES, [version, "0"], CHANGES_ANSWER);
    }
  }

  /** No later than Redis's time is, in milliseconds. */
  async #redisNow(): Promise<number> {
    if (this.#time?.by !== this.#link.connections) {
      const [now, by] = await this.#askBy(TIME, [], z.string());
      this.#time = { by, atMs: Number(now), monotonicMs: this.#clock.monotonic() };
    }
    const { atMs, monotonicMs } = this.#time;
    return atMs + this.#clock.monotonic() - monotonicMs;
  }

  async #ask<T>(script: RedisScript, args: readonly string[], schema: z.ZodType<T>): Promise<T> {
    return (await this.#askBy(script, args, schema))[0];
  }

  /** @returns the answer, and the connection by which it came */
  async #askBy<T>(
    script: RedisScript,
    args: readonly string[],
    schema: z.ZodType<T>,
  ): Promise<[T, number]> {
    const { value, by } = await this.#link.run(script, args);
    const read = schema.safeParse(value);
    if (read.success) return [read.data, by];
    throw new RegistryUnavailable(`Cannot read its answer: ${z.prettifyError(read.error)}`);
  }
}

/** @throws {RegistryUnavailable} where it cannot be read */
function readName(fields: NameFields): NameRecord {
  const record = nameRecord(fields);
  if (record !== undefined) return record;
  throw new RegistryUnavailable(`Cannot read the record of ${fields[0]}`);
}

/** What Redis's time was when an answer came by a connection. */
interface RedisTime {
  readonly by: number;
  readonly atMs: number;
  /** On `Clock.monotonic`. */
  readonly monotonicMs: number;
}

/** The word, version, time, whether it is renewed, whether there is more, boxes, names. */
const CHANGES_ANSWER = z.tuple([
  z.literal("changes"),
  z.string(),
  z.string(),
  z.number(),
  z.number(),
  z.array(BOX_FIELDS),
  z.array(NAME_FIELDS),
]);
const BEAT_ANSWER = z.union([
  CHANGES_ANSWER,
  z.tuple([z.enum(["replaced", "unlike"]), BOX_FIELDS]),
]);
const CLAIM_ANSWER = z.union([
  z.tuple([z.literal("late")]),
  z.tuple([z.literal("taken"), NAME_FIELDS]),
  z.tuple([z.literal("granted"), z.string(), NAME_FIELDS.optional()]),
]);
const SAVE_ANSWER = z.union([
  z.tuple([z.literal("saved")]),
  z.tuple([z.literal("lost"), NAME_FIELDS]),
]);
