/** Finds the session that a cookie of the control API stands for. */
import type { Session } from "../session/session.ts";
import type { ControlOptions } from "./control_options.ts";
import { ControlError } from "./control_error.ts";
import type { SessionCookie } from "./cookie.ts";

/**
 * The session of a cookie.
 * @throws {ControlError} 460 where it has ended because its keys have expired; 404 where it has
 *   ended otherwise
 */
export function existingSession(cookie: SessionCookie, options: ControlOptions): Session {
  const session = findSession(cookie, options);
  if (session !== undefined) return session;
  throw options.keys.expired(cookie.name)
    ? new ControlError(460, "expired token")
    : new ControlError(404, "session not found");
}

/** The same; `undefined` where it is not here, or not any more. */
export function findSession(
  { id, name }: SessionCookie,
  { sessions }: ControlOptions,
): Session | undefined {
  const session = sessions.get(id);
  return session?.name === name ? session : undefined;
}
