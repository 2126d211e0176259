/** What was recorded of the honest DJs. */
import { FRAME_MS, frameNumber } from "../bench/access_units.ts";
import { readPlainMp4 } from "../testing/mp4/plain_mp4.ts";
import { until } from "../testing/until.ts";
import type { Row } from "./report.ts";

/** What a recording should hold. */
export interface Expected {
  /** Frames that the DJ sent. */
  readonly sent: number;
  /** Frames at the end of which nobody says whether they came, as with SRT. */
  readonly mayLackLast: number;
  /** For how long at most nothing could be written. */
  readonly noRoomMs: number;
}

/** Looks at all recordings of `name` in `folder`, once they are finished. */
export async function recordingRow(
  folder: string,
  name: string,
  { sent, mayLackLast, noRoomMs }: Expected,
): Promise<Row> {
  const what = `recording of ${name}`;
  try {
    const files = await until(`${name} is recorded`, () => finishedFiles(folder, name));
    const parts = (await Promise.all(files.map(readFrames))).sort((a, b) => a.first - b.first);
    const sum = (of: (part: Part) => number) => parts.reduce((total, part) => total + of(part), 0);
    const [there, wrong] = [sum(({ count }) => count), sum(({ wrong }) => wrong)];
    const atEnd = sent - 1 - Math.max(...parts.map(({ last }) => last));
    const between = sent - there - atEnd;
    return {
      what,
      held: wrong === 0 && parts[0]?.first === 0 && atEnd <= mayLackLast &&
        between <= noRoomMs / FRAME_MS,
      counts: `${sent} frames sent, ${there} there in ${parts.length} files, ${wrong} out of ` +
        `order, ${between} missing between them and ${atEnd} at the end, ` +
        `${sum(({ silent }) => silent)} silent`,
      saw: "",
    };
  } catch (error) {
    return { what, held: false, counts: `${error}`, saw: "" };
  }
}

/** Paths of the recordings of `name`; `undefined` where there are none, or not all are finished. */
async function finishedFiles(folder: string, name: string): Promise<string[] | undefined> {
  const files: string[] = [];
  for await (const { name: file } of Deno.readDir(folder)) {
    if (!file.startsWith(`${name}.`)) continue;
    if (!file.endsWith(".mp4")) return undefined;
    files.push(`${folder}/${file}`);
  }
  return files.length > 0 ? files : undefined;
}

/** One file, by the numbers of its frames. */
interface Part {
  readonly first: number;
  readonly last: number;
  readonly count: number;
  /** Frames that do not follow the one before. */
  readonly wrong: number;
  readonly silent: number;
}

async function readFrames(path: string): Promise<Part> {
  const units = readPlainMp4(await Deno.readFile(path)).map(frameNumber);
  const numbers = units.filter((number) => number !== undefined);
  const first = numbers[0] ?? NaN;
  return {
    first,
    last: numbers.at(-1) ?? NaN,
    count: numbers.length,
    wrong: numbers.filter((number, index) => number !== first + index).length,
    silent: units.length - numbers.length,
  };
}
