/** Which version of Echo this is, and what it runs on. */
import denoJson from "../deno.json" with { type: "json" };

/** Echo's version, as deno.json has it. */
export const VERSION: string = denoJson.version;

/** Name and version, as the `Server` header of HTTP answers, `-v` and `-h` show them. */
export const SERVER_NAME = `Echo/${VERSION}`;

/** What Echo runs on, such as `Deno 2.9.6`. In a program in one file, also what else is inside. */
export const BUILD: string = (globalThis as { readonly echoBuild?: string }).echoBuild ??
  `Deno ${Deno.version.deno}, from source`;
