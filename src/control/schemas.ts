/** The bodies that the control API takes, and how they are checked. */
import type { Context } from "hono";
import { z } from "zod";
import { PROTOCOLS } from "../session/ingest.ts";
import { cleanText, MAX_TAG_TEXT } from "../session/tags.ts";
import { ControlError } from "./control_error.ts";

const MAX_MESSAGE_LENGTH = 1024;
const MAX_PROPS = 32;
const MAX_PROP_NAME_LENGTH = 64;
const MAX_PROP_LENGTH = 1024;

/** What a client may say that its encoder sends; what that really sends, Echo sees. */
const FORMATS = ["aac", "mp3", "mp2t", "flv"] as const;

/** Those of them that clients are told to choose from. */
export const OFFERED_FORMATS: readonly typeof FORMATS[number][] = ["aac", "mp3"];

/** How much of a wrong value or of a field's name an error repeats. */
const MAX_SHOWN_LENGTH = 80;

// Each schema's own message says what it expects; `explain` makes a sentence of it.

const reason = z.object({
  code: z.number("a number"),
  message: text(MAX_MESSAGE_LENGTH),
}, "an object with code and message");

const media = z.object({
  type: z.literal("audio", '"audio"'),
  protocol: oneOf(PROTOCOLS),
  format: oneOf(FORMATS),
}, "an object with type, protocol and format");

/** Facts about the DJ. A client that has none may leave them out, or send `null`. */
const props = z.record(z.string().min(1).max(MAX_PROP_NAME_LENGTH), text(MAX_PROP_LENGTH), {
  error: (issue) =>
    issue.code === "invalid_key"
      ? `a name of 1 to ${MAX_PROP_NAME_LENGTH} characters`
      : "an object of strings",
})
  .refine((props) => Object.keys(props).length <= MAX_PROPS, `at most ${MAX_PROPS} properties`)
  .nullish()
  .transform((props) => props ?? {});

/** Of title or artist; characters count as people count them, not as UTF-16 does. */
const TAG_TEXT = `a string of at most ${MAX_TAG_TEXT} characters`;
const tagText = z.string(TAG_TEXT)
  .refine((text) => [...text].length <= MAX_TAG_TEXT, TAG_TEXT)
  .nullish()
  .transform((text) => text ?? undefined);

/** What an encoder sends, and how. */
export type Media = z.infer<typeof media>;

/** The body of a publish in version 3. */
export const publishBody3 = z.object({ media, props }, "a JSON object");

/** The body of a publish in version 4 and in the dry run. */
export const publishBody4 = z.object({ media, reason, props }, "a JSON object");

/** The body of pause, resume and teardown in version 4. */
export const reasonBody = z.object({ reason }, "a JSON object");

/** The body of metadata: what is heard; where neither is there, nothing that has a name. */
export const metadataBody = z.object({ title: tagText, artist: tagText }, "a JSON object")
  .transform(({ title, artist }) => ({ title: cleanText(title), artist: cleanText(artist) }));

/**
 * The request's body, checked by `schema`. Fields that are not in the schema are left out.
 * @throws {ControlError} 400; the message names the first field that is wrong
 */
export async function parseBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const result = schema.safeParse(parseJson(await c.req.text()), { reportInput: true });
  if (result.success) return result.data;
  throw new ControlError(400, explain(result.error.issues));
}

function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  const quoted = values.map((value) => JSON.stringify(value));
  return z.enum(values, `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`);
}

function text(maxLength: number): z.ZodString {
  const expected = `a string of at most ${maxLength} characters`;
  return z.string(expected).max(maxLength, expected);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const got = text === "" ? "nothing" : "something else";
    throw new ControlError(400, `Cannot parse the body: expected JSON, got ${got}`);
  }
}

function explain([issue]: readonly z.core.$ZodIssue[]): string {
  if (issue === undefined) return "Cannot parse the body";
  const field = issue.path.map(String).join(".").slice(0, MAX_SHOWN_LENGTH);
  return `Cannot parse ${field === "" ? "the body" : field}: ` +
    `expected ${issue.message}, got ${describe(issue.input)}`;
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return JSON.stringify(typeof value === "string" ? value.slice(0, MAX_SHOWN_LENGTH) : value);
}
