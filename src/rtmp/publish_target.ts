/**
 * What an encoder wants to publish, found in what was typed into it.
 *
 * @module
 */
import { type Reading, URL_SCHEMES } from "../session/ingest.ts";
import {
  allReadings,
  keyOfQuery,
  PLAIN_APPLICATION,
  type PublishTarget,
  shownPath,
  splitAt,
  userOfQuery,
} from "../session/typed_text.ts";

/** Names that other servers give to what stands before the broadcast's name. */
const USUAL_APPLICATION =
  /^(?:live\d*|liveapp|(?:my)?app\d*|stream|rtmp|srt|hls|publish|push|ingest)$/i;

const HOST = `${URL_SCHEMES.rtmp}HOST`;
const FORMS = `publish to ${HOST}/live with the stream key NAME or NAME?key=KEY, ` +
  `or to ${HOST}/NAME with the stream key KEY`;

/**
 * Finds name and key in what encoders make of their text fields, server and stream key, or of one
 * URL, which each cuts at another slash: `rtmp://HOST/NAME` with `KEY`; `rtmp://HOST/live` with `NAME`
 * or `NAME?key=KEY`; `rtmp://HOST/live/NAME` with `KEY` or nothing. Where `?key=` stands, `user=` may
 * stand too. Spaces and line ends around are left out, and slashes before the name.
 */
export function publishTarget(app: string, streamName: string): PublishTarget {
  const { segments, stream } = withoutQuery(app.trim(), streamName.trim());
  const [first, ...others] = allReadings(readingsOf(segments, stream));
  if (first === undefined) throw new Error("Cannot be: there is always a reading");
  return { ...first, others };
}

/** What arrived, with what may be a key left out, and the forms that work; to go on an error. */
export function publishHint(app: string, streamName: string): string {
  const { segments, stream } = withoutQuery(app.trim(), streamName.trim());
  return `got ${HOST}/${shownPath([...segments, stream].join("/"))}; ${FORMS}`;
}

/**
 * The application's path, and all that stands behind it. A `key=` in the application's query belongs
 * to the stream, or was torn at a slash within the key.
 */
function withoutQuery(app: string, stream: string): { segments: string[]; stream: string } {
  const [path, query] = splitAt(app, "?");
  const segments = path.split("/").filter((segment) => segment !== "");
  if (keyOfQuery(query) === undefined) return { segments, stream };
  const [only = "", ...more] = segments;
  if (stream === "") return { segments, stream: `?${query}` };
  if (more.length === 0 && USUAL_APPLICATION.test(only)) {
    return { segments, stream: `${stream}${stream.includes("?") ? "&" : "?"}${query}` };
  }
  return { segments, stream: `?${query}/${stream}` };
}

/** As typed, the likeliest first. */
function readingsOf(segments: readonly string[], stream: string): Reading[] {
  const [first = PLAIN_APPLICATION, ...more] = segments;
  if (first !== PLAIN_APPLICATION) return readOwnForm(first, more, stream);
  const [name, ...behind] = more.filter((segment) => segment !== PLAIN_APPLICATION);
  if (name === undefined) return readNameAndKey(stream);
  return [{ name, ...shownIn([...behind, stream].join("/")) }];
}

/** `NAME`, `NAME?key=KEY` or `NAME/KEY`. */
function readNameAndKey(text: string): Reading[] {
  const stream = text.replace(/^\/*(?:live\/+)*/, "");
  const name = /^[^/?]*/.exec(stream)?.[0] ?? "";
  const behind = stream.slice(name.length);
  if (!behind.startsWith("?")) return [{ name, ...shownIn(behind.slice(1)) }];
  return [{ name, ...(shownInQuery(behind.slice(1)) ?? { key: undefined }) }];
}

/**
 * `NAME` with `KEY`, and another server's application in the place of the name: taken for that where a
 * key says so, and where none is needed, if it looks like one.
 */
function readOwnForm(name: string, more: readonly string[], stream: string): Reading[] {
  const behind = [...more, stream].join("/");
  const own: Reading = { name, ...shownIn(behind) };
  const [place, query] = splitAt(behind, "?");
  const [inner = "", ...rest] = place.split("/").filter((segment) => segment !== "");
  if (inner === "") return [own];
  const shown = shownInQuery(query);
  if (shown !== undefined) {
    return [{ name: inner, ...shown }, own, { name, key: behind }];
  }
  const application = more.length > 0 || USUAL_APPLICATION.test(name) ? "usual" : "unusual";
  const key = rest.length === 0 ? undefined : rest.join("/");
  return [own, { name: inner, key, application }];
}

/** Who somebody says he is, and what is to prove it. */
type Shown = Pick<Reading, "key" | "user">;

/** What is shown behind a name: all of it is the key, or a query with `key=` says that. */
function shownIn(text: string): Shown {
  const [place, query] = splitAt(text, "?");
  return shownInQuery(query) ??
    { key: text === "" || (place === "" && query === "") ? undefined : text };
}

/** @returns `undefined` where there is no `key=` */
function shownInQuery(query: string): Shown | undefined {
  const [key, user] = [keyOfQuery(query), userOfQuery(query)];
  if (key === undefined) return undefined;
  return user === undefined ? { key } : { key, user };
}
