/**
 * Titles by who may publish a broadcast, but is not the connection that does.
 *
 * @module
 */
import type { PublishRequest } from "./ingest.ts";
import type { SessionManager } from "./session_manager.ts";
import type { Tags } from "./tags.ts";

/**
 * Tells what is heard in a broadcast from now on, for a client that could take it over.
 * @returns whether there is such a broadcast
 * @throws {PublishRefused} where the client may not publish it
 */
export async function tellTitle(
  sessions: Pick<SessionManager, "approve" | "sessionFor">,
  request: PublishRequest,
  tags: Tags,
): Promise<boolean> {
  const approved = await sessions.approve(request);
  const session = sessions.sessionFor({ ...request, approved });
  session?.setTags(tags);
  return session !== undefined;
}
