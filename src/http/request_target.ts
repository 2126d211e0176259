/** What a request asks for, as a URL. */
import { HttpError } from "./http_error.ts";
import type { HttpScheme } from "./http_site.ts";
import type { RequestHead } from "./request_head.ts";

/** A name or an address, and perhaps a port (RFC 3986 3.2.2), without a user. */
const HOST = /^(?:[A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{0,5})?$/;

/** What a request asks for, and of which host. */
export interface RequestUrl {
  readonly host: string;
  /** With scheme and host. */
  readonly href: string;
}

/**
 * What a request asks for (RFC 9112 3.2), by its path or by a whole URL, whose host counts then.
 * @param at the scheme of the server, and the host that stands in where the client names none
 * @throws {HttpError}
 */
export function requestUrl(
  { target, host }: Pick<RequestHead, "target" | "host">,
  { scheme, ownHost }: { readonly scheme: HttpScheme; readonly ownHost: string },
): RequestUrl {
  // RFC 9112 3.2: one that is wrong is refused, whether it counts or not.
  if (host !== undefined && host !== "" && !isHost(host)) throw badHost();
  if (target.startsWith("/")) {
    const named = host === undefined || host === "" ? ownHost : host;
    return { host: named, href: `${scheme}://${named}${target}` };
  }
  const [, given = "", authority, path] = /^(https?):\/\/([^/?]*)(.*)$/i.exec(target) ?? [];
  if (given.toLowerCase() !== scheme || authority === undefined || path === undefined) {
    throw new HttpError(400, "the target of the request is neither a path nor a URL");
  }
  if (!HOST.test(authority)) throw badHost();
  const root = path.startsWith("/") ? "" : "/";
  return { host: authority, href: `${scheme}://${authority}${root}${path}` };
}

function badHost(): HttpError {
  return new HttpError(400, "the host is none");
}

/** Whether it is a host, with or without a port, as a Host field has it (RFC 9110 7.2). */
export function isHost(text: string): boolean {
  return HOST.test(text);
}
