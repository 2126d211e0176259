/** Reads the few elements that are needed of a store's answers in XML. */

/**
 * The text of the first element `tag`; `undefined` where there is none. It is none where the element
 * has others in it.
 */
export function textOf(xml: string, tag: string): string | undefined {
  const content = elementsOf(xml, tag)[0];
  return content === undefined || content.includes("<") ? undefined : decode(content);
}

/** What is in each element `tag`, which must have none of the same name in it. */
export function elementsOf(xml: string, tag: string): string[] {
  const found: string[] = [];
  const end = `</${tag}>`;
  for (let at = xml.indexOf(`<${tag}`); at !== -1; at = xml.indexOf(`<${tag}`, at + 1)) {
    // Another element may have a name that begins like this one.
    if (!/[\s>]/.test(xml.charAt(at + tag.length + 1))) continue;
    const open = xml.indexOf(">", at);
    const close = xml.indexOf(end, open);
    if (open === -1 || close === -1) break;
    found.push(xml.slice(open + 1, close));
    at = close;
  }
  return found;
}

/** Replaces the references that XML has by itself (XML 1.0 4.6), and those to characters (4.1). */
function decode(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g,
    (all, ...m) => {
      const [decimal, hexadecimal, name] = m;
      if (name !== undefined) return NAMED[String(name)] ?? all;
      const code = decimal === undefined ? parseInt(hexadecimal, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    },
  );
}

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};
