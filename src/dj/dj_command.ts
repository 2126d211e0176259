/** `echo dj`: adds DJs to the file, lists and removes them, and gives them other keys. */
import {
  type EncoderHost,
  type EncoderSetting,
  encoderSettings,
} from "../encoders/encoder_settings.ts";
import { editDjs, readDjs } from "./dj_file.ts";
import { hashOfDjKey, isQuickHash, makeDjKey } from "./dj_key.ts";
import { checkUser, type Dj, DjError, djLine, isOfDj, parseDjs, parseNames } from "./dj_list.ts";

export interface DjCommandOptions {
  /** The file of DJs; `undefined` where none is configured. */
  readonly file: string | undefined;
  /** Where DJs find this box. */
  readonly at: EncoderHost;
}

/**
 * Does what the words behind `echo dj` say.
 * @returns what is to be printed; a new key is in it, and nowhere else
 * @throws {DjError} where the words make no sense, or it cannot be done
 */
export async function runDjCommand(
  words: readonly string[],
  { file, at }: DjCommandOptions,
): Promise<string> {
  const [verb, user, names, ...more] = words;
  const count = COUNTS[verb ?? ""];
  if (count === undefined || count !== words.length || more.length > 0) throw misuse();
  if (file === undefined) {
    throw new DjError("Cannot find the DJs: expected ECHO_DJ_FILE to be set, got nothing");
  }
  if (user === undefined) return await list(file);
  if (verb === "remove") return await remove(file, user);
  return names === undefined
    ? await rotate(file, user, at)
    : await add(file, { user, names: parseNames(names, "NAMES") }, at);
}

/** How many words each verb has, with itself. */
const COUNTS: Readonly<Record<string, number>> = { add: 3, list: 1, rotate: 2, remove: 2 };

async function add(file: string, dj: Omit<Dj, "hash">, at: EncoderHost): Promise<string> {
  checkUser(dj.user, "USER");
  const key = makeDjKey();
  await editDjs(file, (text) => {
    if (parseDjs(text, file).has(dj.user)) {
      throw new DjError(`Cannot add ${dj.user}: there is one already; see echo dj rotate`);
    }
    const before = text === "" || text.endsWith("\n") ? text : `${text}\n`;
    return `${before}${djLine({ ...dj, hash: hashOfDjKey(key) })}\n`;
  });
  return tellKey(dj, key, at);
}

async function rotate(file: string, user: string, at: EncoderHost): Promise<string> {
  const key = makeDjKey();
  const dj = await changeLine(file, user, (dj) => djLine({ ...dj, hash: hashOfDjKey(key) }));
  return tellKey(dj, key, at);
}

async function remove(file: string, user: string): Promise<string> {
  await changeLine(file, user, () => undefined);
  return `${user} is removed.`;
}

async function list(file: string): Promise<string> {
  const djs = [...(await readDjs(file)).values()];
  if (djs.length === 0) return "There are no DJs.";
  const width = Math.max(...djs.map(({ user }) => user.length));
  return djs.map(({ user, hash, names }) => {
    return `${user.padEnd(width)}  ${isQuickHash(hash) ? "sha256" : "bcrypt"}  ${names.join(",")}`;
  }).join("\n");
}

/**
 * Changes the line of a DJ, and no other.
 * @param change the line's new text; `undefined` where it is to go
 * @returns the DJ as he was
 */
async function changeLine(
  file: string,
  user: string,
  change: (dj: Dj) => string | undefined,
): Promise<Dj> {
  let found: Dj | undefined;
  await editDjs(file, (text) => {
    const dj = found = parseDjs(text, file).get(user);
    if (dj === undefined) throw new DjError(`Cannot find ${user}: echo dj list shows who there is`);
    const lines = text.split("\n").flatMap((line) => {
      const isHis = isOfDj(line) && line.trim().startsWith(`${user}:`);
      return isHis ? change(dj) ?? [] : line;
    });
    return lines.join("\n");
  });
  if (found === undefined) throw new Error("Cannot be: the line was changed");
  return found;
}

/** The key and what is typed into encoders, for the first of the DJ's names. */
function tellKey({ user, names }: Omit<Dj, "hash">, key: string, at: EncoderHost): string {
  const [first = ""] = names;
  const isBeginning = first.endsWith("*");
  const name = isBeginning ? `${first.slice(0, -1)}NAME` : first;
  const lines = [
    `The key of ${user} is ${key}`,
    "It is shown this once: Echo keeps a hash of it alone.",
    "",
    ...linesOf(encoderSettings({ name, user, key }, at)),
  ];
  if (isBeginning) lines.push("", `${name} stands for a name that begins with ${first}`);
  else if (names.length > 1) lines.push("", `${name} may be any of ${names.join(", ")}`);
  return lines.join("\n");
}

function linesOf(settings: readonly EncoderSetting[]): string[] {
  const labels = settings.map(({ encoder, field }) => `${encoder}, ${field}`);
  const width = Math.max(...labels.map(({ length }) => length));
  return settings.map(({ text }, i) => `${labels[i]?.padEnd(width)}  ${text}`);
}

function misuse(): DjError {
  return new DjError(
    "Cannot tell what to do: expected echo dj add USER NAMES, list, rotate USER or remove USER",
  );
}
