/** The header of a prepared answer, as HTTP/2 has it: made once a second. */
import type { PreparedAnswer } from "../prepared_answers.ts";
import type { Field } from "../request_head.ts";
import { encodeHeader } from "./hpack_encoder.ts";

const BLOCKS = new WeakMap<PreparedAnswer, { readonly date: string; readonly block: Uint8Array }>();

/** @param date what `Date` says */
export function preparedHeader(answer: PreparedAnswer, date: string): Uint8Array {
  const known = BLOCKS.get(answer);
  if (known?.date === date) return known.block;
  const block = encodeHeader([[":status", "200"], ...fieldsOf(answer.head), ["date", date]]);
  BLOCKS.set(answer, { date, block });
  return block;
}

/** What stands in a head of HTTP/1, but for the status and the date. */
function fieldsOf(head: string): Field[] {
  return head.split("\r\n").slice(1).flatMap((line): Field[] => {
    const at = line.indexOf(": ");
    const name = line.slice(0, at);
    return at === -1 || name === "date" ? [] : [[name, line.slice(at + 2)]];
  });
}
