/** The part of the configuration's table that is about webhooks. */
import { secretUrl, token } from "./kinds.ts";
import { optional, reloadable } from "./variable.ts";

/** Environment variables of webhooks. */
export const HOOK_VARIABLES = {
  url: reloadable(
    optional("HOOK_URL", secretUrl, "the server that gets events, and may say who publishes"),
  ),
  secret: reloadable(optional("HOOK_SECRET", token, "the secret that signs what is posted")),
};
