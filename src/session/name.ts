/** `live` is the application that stands in `rtmp://HOST/live`, so no broadcast may have its name. */
const RESERVED = "live";

const NAME = /^[A-Za-z0-9_-]{1,128}$/;

/** Whether `name` may be a broadcast's name: safe in a path, a URL and a log line as it is. */
export function isValidName(name: string): boolean {
  return NAME.test(name) && name !== RESERVED;
}
