/** Which box of the fleet answers a call of the control API. */
import type { AnsweringBoxes, AskBox } from "../control/answering_boxes.ts";
import type { BoxLinks } from "../fleet/links/box_links.ts";
import { FLEET_PATH } from "../fleet/links/fleet_routes.ts";
import type { Member } from "../fleet/member.ts";
import { betterOfTwo } from "../fleet/placement.ts";
import type { KnownBox } from "../fleet/registry.ts";

/** Where calls are passed on to, below {@link FLEET_PATH}. */
export const PASSED_PATH = "/control";

/** How long a box may take to say that it is there. */
const THERE_MS = 1000;
/** A box waits for the death of another one before it takes a name, which it knows within 8 s. */
const TIMEOUT_MS = 10_000;

/** What this box knows of the others, and how it asks them. */
export interface PassingParts {
  readonly member: Pick<Member, "box" | "boxes" | "find" | "boxOf" | "isAlive">;
  readonly links: Pick<BoxLinks, "request">;
}

/**
 * A broadcast is published at the box that has its name, unless that drains; a new one at the better
 * of two boxes at random, of which this one may be one.
 */
export function answeringBoxes({ member, links }: PassingParts): AnsweringBoxes {
  const path = `${FLEET_PATH}${PASSED_PATH}`;
  const sender = "publishers";
  const ask = (box: KnownBox): AskBox => async (request) => {
    // A call may take long; a box that is not there is waited for no longer than this.
    await links.request(box, path, { timeoutMs: THERE_MS, sender });
    const body = JSON.stringify(request);
    return await links.request(box, path, { method: "POST", body, timeoutMs: TIMEOUT_MS, sender });
  };
  const isOwn = (box: KnownBox) => box.id === member.box;
  return {
    forPublish(name) {
      const owner = boxWithName(member, name);
      const hasPlace = owner?.state === "open";
      const box = hasPlace ? owner : betterOfTwo(member.boxes, "");
      if (box === undefined || isOwn(box)) return undefined;
      return hasPlace ? ask(box) : askForPlace(box.id, ask(box));
    },
    forSession({ id, name }) {
      const record = member.find(name);
      if (record?.sessionId !== id) return undefined;
      if (record.box === member.box) return "here";
      const owner = boxWithName(member, name);
      return owner && ask(owner);
    },
  };
}

/** Rejects also where a box has no place: any other one may take the broadcast. */
function askForPlace(id: string, ask: AskBox): AskBox {
  return async (request) => {
    const answer = await ask(request);
    if (answer.status !== 503) return answer;
    throw new Error(`Cannot publish at box ${id}: it answers 503: ${await answer.text()}`);
  };
}

/** The box that has a name, where it is alive. */
export function boxWithName(member: PassingParts["member"], name: string): KnownBox | undefined {
  const record = member.find(name);
  const isTaken = record !== undefined && record.state !== "over" && member.isAlive(record);
  return isTaken ? member.boxOf(record.box) : undefined;
}
