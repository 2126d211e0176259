/** Records as the registry's Redis keeps them: text. */
import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { BoxRecord, KnownBox, NameRecord } from "../registry.ts";

/** What of a name's record the scripts do not look at. */
export function restOf(record: Omit<NameRecord, "box" | "incarnation" | "epoch">): string {
  const { sessionId, mediaSequence, discontinuitySequence, endsAtMs, toldAtMs } = record;
  const { props, holdMs, createdAtMs } = record;
  const rest: z.output<typeof REST> = {
    ...{ sessionId, mediaSequence, discontinuitySequence, endsAtMs, toldAtMs },
    ...{ props, holdMs, createdAtMs },
  };
  return JSON.stringify(rest);
}

/** A name's record. @returns `undefined` where it cannot be read, which is logged */
export function nameRecord(fields: NameFields): NameRecord | undefined {
  const [name, box, incarnation, epoch, state, rest] = fields;
  return read(`the record of ${name}`, () => {
    return {
      ...REST.parse(JSON.parse(rest)),
      ...{ name, box, incarnation, epoch: Number(epoch), state: STAGE.parse(state) },
    };
  });
}

/** A box. @returns `undefined` where it cannot be read, which is logged */
export function knownBox([record, ageMs]: BoxFields): KnownBox | undefined {
  return read("the record of a box", () => {
    return { ...BOX.parse(JSON.parse(record)), ageMs: Number(ageMs) };
  });
}

/** A box, as it is kept. */
export function boxText(box: BoxRecord): string {
  return JSON.stringify(box);
}

/** Of a name: itself, box, incarnation, epoch, state, rest. */
export const NAME_FIELDS = z.tuple([
  ...[z.string(), z.string(), z.string(), z.string(), z.string(), z.string()] as const,
]);
export type NameFields = z.output<typeof NAME_FIELDS>;

/** Of a box: its record, and how old that is. */
export const BOX_FIELDS = z.tuple([z.string(), z.string()]);
export type BoxFields = z.output<typeof BOX_FIELDS>;

const STAGE = z.enum(["live", "held", "over"]);

const REST = z.object({
  sessionId: z.number(),
  mediaSequence: z.number(),
  discontinuitySequence: z.number(),
  endsAtMs: z.number(),
  toldAtMs: z.number().default(0),
  props: z.record(z.string(), z.string()),
  holdMs: z.number(),
  createdAtMs: z.number(),
});

const BOX = z.object({
  id: z.string(),
  incarnation: z.string(),
  privateUrl: z.url({ protocol: /^http$/ }),
  publicAddress: z.object({ ip: z.string(), ports: z.record(z.string(), z.number()) }),
  load: z.object({
    sessions: z.number(),
    listeners: z.number(),
    cpu: z.number(),
    residentBytes: z.number(),
  }),
  state: z.enum(["open", "draining"]),
  alike: z.string(),
  version: z.string(),
});

function read<T>(what: string, parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof z.ZodError || error instanceof SyntaxError)) throw error;
    logger.warn("Cannot read {what} in the registry: {error}", { what, error: error.message });
    return undefined;
  }
}

const logger = getLogger(["echo", "fleet"]);
