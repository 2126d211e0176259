/**
 * Handovers as boxes send them to each other: JSON, which is checked as it comes.
 *
 * @module
 */
import { z } from "zod";
import { PROTOCOLS } from "../../session/ingest.ts";
import type { NameWish } from "../../session/names.ts";
import type { NameRecord } from "../registry.ts";
import type { HandoverAnswer } from "./handover.ts";

/** Reads who wants a name. @throws {z.ZodError} */
export function parseWish(value: unknown): NameWish {
  return WISH.parse(value);
}

/** Reads the answer. @throws {z.ZodError} */
export function parseAnswer(value: unknown): HandoverAnswer {
  return ANSWER.parse(value);
}

/** Reads what is told of a name. @throws {z.ZodError} */
export function parseToldName(value: unknown): NameRecord {
  return NAME_RECORD.parse(value);
}

/** What is told of a name. */
export const NAME_RECORD = z.object({
  ...{ name: z.string(), box: z.string(), incarnation: z.string(), epoch: z.number() },
  ...{ sessionId: z.number(), state: z.enum(["live", "held", "over"]) },
  ...{ mediaSequence: z.number(), discontinuitySequence: z.number() },
  ...{ endsAtMs: z.number(), toldAtMs: z.number(), holdMs: z.number(), createdAtMs: z.number() },
  props: z.record(z.string(), z.string()),
});

const WISH = z.object({
  ...{ name: z.string(), protocol: z.enum(PROTOCOLS), address: z.string() },
  shown: z.object({ tokens: z.array(z.string()), approved: z.boolean() }),
});

const ANSWER = z.discriminatedUnion("kind", [
  z.object({
    ...{ kind: z.literal("handed"), record: NAME_RECORD, isProven: z.boolean() },
    state: z.unknown().optional(),
  }),
  z.object({ kind: z.literal("not-mine"), record: NAME_RECORD.optional() }),
  z.object({ kind: z.literal("refused"), later: z.boolean() }),
]);
