import denoJson from "../deno.json" with { type: "json" };

/** Echo's version, as deno.json has it. */
export const VERSION: string = denoJson.version;

/** What every HTTP answer's `Server` header, `-v` and `-h` say. */
export const SERVER_NAME = `Echo/${VERSION}`;
