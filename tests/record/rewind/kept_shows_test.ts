/** What is kept of shows for another run of the server, and what happens where that is damaged. */
import assert from "node:assert/strict";
import { KeptShows, parseKeptShow } from "../../../src/record/rewind/kept_shows.ts";
import { recordLog } from "../../../testing/log_recorder.ts";
import { Rewound } from "../../../testing/record/rewound.ts";
import { temporaryFolder } from "../../../testing/temporary_folder.ts";
