import denoJson from "../deno.json" with { type: "json" };

/** Echo's version, as deno.json has it. */
export const VERSION: string = denoJson.version;

/** What every HTTP answer's `Server` header, `-v` and `-h` say. */
export const SERVER_NAME = `Echo/${VERSION}`;

/** What it runs on, such as `Deno 2.9.6`; with what else is inside, in a program in one file. */
export const BUILD: string = (globalThis as { readonly echoBuild?: string }).echoBuild ??
  `Deno ${Deno.version.deno}, from source`;
