/** Small files by which players open a mount, as Icecast has them beside it. */
import { isHost } from "../http/request_target.ts";
import { PLAYER_FILES } from "../pages/listener/player_files.ts";
import { isHttps, SCHEME } from "../pages/listener/routes.ts";
import { mountHead } from "./mount_answer.ts";

/** What is asked for, by what it is called behind the name: `m3u` and `pls`. */
const LISTS = new Map(PLAYER_FILES.map((list) => [extensionOf(list.file), list]));

/** What such a file tells. */
export interface ListedMount {
  readonly name: string;
  /** What its endless stream is called beside a broadcast's own files; `undefined` off air. */
  readonly file: string | undefined;
  /** Where mounts are: a URL without a slash at its end. */
  readonly url: string;
}

/**
 * Where a player has asked for a mount.
 * @param fields the header fields of its request, by their names in lower case
 * @param isSecure whether it came over TLS; a proxy with TLS may tell so, too
 * @param otherwise where mounts are for those who do not tell it
 */
export function askedUrl(
  fields: ReadonlyMap<string, string>,
  isSecure: boolean,
  otherwise: string,
): string {
  const host = fields.get("host");
  if (host === undefined || !isHost(host)) return otherwise;
  const scheme = fields.get(SCHEME.toLowerCase()) ?? (isSecure ? "https" : "http");
  return `${isHttps(scheme) ? "https" : "http"}://${host}`;
}

/**
 * The answer to `GET /NAME.m3u` and the like. What is played is the mount at the same port. As with
 * Icecast it is named also off air, and then without the extension, which is not known yet.
 * @param headOnly as `HEAD` asks for it
 * @returns `undefined` where there is no such file
 */
export function mountList(
  extension: string,
  { name, file, url }: ListedMount,
  headOnly: boolean,
): Uint8Array | undefined {
  const list = LISTS.get(extension);
  if (list === undefined) return undefined;
  const mount = file === undefined ? name : `${name}.${extensionOf(file)}`;
  const body = new TextEncoder().encode(list.make(name, `${url}/${mount}`));
  const head = mountHead("200 OK", {
    "Cache-Control": "no-store",
    "Content-Disposition": `attachment; filename="${name}.${extension}"`,
    "Content-Length": `${body.length}`,
    "Content-Type": list.type,
  });
  if (headOnly) return head;
  const answer = new Uint8Array(head.length + body.length);
  answer.set(head);
  answer.set(body, head.length);
  return answer;
}

function extensionOf(file: string): string {
  return file.slice(file.lastIndexOf(".") + 1);
}
