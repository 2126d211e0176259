/** The application under which the stream key is the broadcast's name. */
const PLAIN_APPLICATION = "live";

/** What an encoder wants to publish; nothing in it has been checked. */
export interface PublishTarget {
  readonly name: string;
  /** `undefined` where there is none. */
  readonly key: string | undefined;
}

/**
 * Finds name and key in what encoders make of their two text fields, server and stream key:
 * `rtmp://HOST/NAME` with `KEY`, or `rtmp://HOST/live` with `NAME` or `NAME?key=KEY`. Where there
 * is no stream key, a `key=` in the application's query counts.
 */
export function publishTarget(app: string, streamName: string): PublishTarget {
  const [path, appQuery] = splitQuery(app);
  const [stream, streamQuery] = splitQuery(streamName);
  const application = path.replace(/^\/+|\/+$/g, "");
  const queryKey = streamQuery.get("key") ?? appQuery.get("key") ?? undefined;
  if (application === PLAIN_APPLICATION) return { name: stream, key: queryKey };
  return { name: application, key: stream === "" ? queryKey : stream };
}

function splitQuery(text: string): [string, URLSearchParams] {
  const mark = text.indexOf("?");
  if (mark < 0) return [text, new URLSearchParams()];
  return [text.slice(0, mark), new URLSearchParams(text.slice(mark + 1))];
}
