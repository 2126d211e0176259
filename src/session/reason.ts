/** Why a session changed its state, as clients give it and events carry it. */
export interface Reason {
  readonly code: number;
  readonly message: string;
}

/** Nobody gave a reason. */
export const UNKNOWN_REASON: Reason = { code: 50000, message: "unknown" };

/** The server itself ended it. */
export const SERVER_REASON: Reason = { code: 30000, message: "teardown by server" };

/** The server ended what a DJ published who may not any more. */
export const DJ_REMOVED_REASON: Reason = {
  code: 30000,
  message: "the DJ may not publish it any more",
};

/** The server ended a session that was not heard yet, as another one of its name is. */
export const NAME_TAKEN_REASON: Reason = {
  code: 30000,
  message: "another session of the name is on air",
};

/** The server ended a session whose DJ was gone, as it was full. */
export const NO_ROOM_REASON: Reason = {
  code: 30000,
  message: "the server is full, and its DJ was gone",
};

/** Another box of the fleet has the name, and goes on with the session. */
export const MOVED_REASON: Reason = {
  code: 30000,
  message: "the broadcast goes on at another server",
};
