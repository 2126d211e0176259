/**
 * Title, date and free-form facts as an iTunes metadata list, which is what players read: udta and
 * meta are of ISO/IEC 14496-12 8.10.1 and 8.11.1, ilst is Apple's (QuickTime File Format,
 * "Metadata").
 */
import { type Box, box, boxSize, fourCc, fullBox, text, u32 } from "./boxes.ts";

/** What a recording says about itself. */
export interface RecordingTags {
  readonly title: string;
  /**
   * Free-form facts, such as the DJ's props. What does not fit {@link MAX_TAG_BYTES} is left out.
   */
  readonly facts: Readonly<Record<string, string>>;
}

/** The most bytes of all metadata of a file. */
export const MAX_TAG_BYTES = 8192;

/** The user data box. @param date in milliseconds since the epoch */
export function userDataBox(tags: RecordingTags, date: number): Box {
  const day = new Date(date).toISOString().replace(/\.\d+Z$/, "Z");
  const items = [
    box("©nam", textData(tags.title)),
    box("©day", textData(day)),
    ...Object.entries(tags.facts).map(([name, value]) => freeFormItem(name, value)),
  ];
  return box("udta", fullBox("meta", 0, 0, metadataHandler(), box("ilst", ...bounded(items))));
}

function bounded(items: readonly Box[]): Box[] {
  let left = MAX_TAG_BYTES;
  return items.filter((item) => {
    const size = boxSize(item);
    if (size > left) return false;
    left -= size;
    return true;
  });
}

function metadataHandler(): Box {
  return fullBox("hdlr", 0, 0, u32(0), fourCc("mdir"), fourCc("appl"), u32(0, 0), text("\0"));
}

/** Type 1 is UTF-8; the locale is 0. */
function textData(value: string): Box {
  return box("data", u32(1, 0), text(value));
}

function freeFormItem(name: string, value: string): Box {
  return box(
    "----",
    fullBox("mean", 0, 0, text("com.apple.iTunes")),
    fullBox("name", 0, 0, text(name)),
    textData(value),
  );
}
