/** The part of the configuration's table that says who may publish. */
import { boolean, oneOf, path, seconds, token } from "./kinds.ts";
import { optional, reloadable, variable } from "./variable.ts";

/** Environment variables of who may publish, and how what they publish by is checked. */
export const AUTH_VARIABLES = {
  mode: variable(
    "ECHO_AUTH",
    oneOf("open", "key", "hook", "dj", "jwt"),
    "open",
    "who may publish. open: anybody, under any name. key: whoever has a key; the control API " +
      "gives one to every client that ECHO_HTPASSWD_FILE or ECHO_BEARER_TOKEN allows. hook: " +
      "whoever the server at HOOK_URL allows; it is asked at each publish. dj: the DJs in " +
      "ECHO_DJ_FILE, each with a key of their own. jwt: whoever has a token, see ECHO_JWKS_URL",
  ),
  anyCredentials: reloadable(variable(
    "ECHO_AUTH_ANY",
    boolean,
    "0",
    "1: any credentials get a key, where neither ECHO_HTPASSWD_FILE nor ECHO_BEARER_TOKEN is set",
  )),
  htpasswdFile: reloadable(optional(
    "ECHO_HTPASSWD_FILE",
    path,
    "a file with the users of the control API, as htpasswd -B makes it (cost at most 12)",
  )),
  bearerToken: reloadable(
    optional("ECHO_BEARER_TOKEN", token, "the Bearer token of the control API"),
  ),
  djFile: reloadable(optional(
    "ECHO_DJ_FILE",
    path,
    "the file of the DJs, a line each: user:hash:names. echo dj add makes it; reread on change",
  )),
  /** 0: no limit. */
  ttlMs: variable(
    "TTL_MAX_DURATION",
    seconds({ min: 0 }),
    {
      says: "7200, with ECHO_AUTH=dj 0",
      make: (textOf) => textOf("ECHO_AUTH") === "dj" ? "0" : "7200",
    },
    "a key is valid for this long and a sixtieth more; a session that it opened ends then. " +
      "0: no limit",
  ),
};
