/**
 * hls.js, which both the listeners' page and the dashboard play HLS by.
 *
 * @module
 */
import hlsJs from "hls.js/dist/hls.light.min.mjs" with { type: "text" };
import type { Asset } from "./assets.ts";

/** The library by which browsers play HLS. Its map, which only debuggers ask for, is not served. */
export const hlsLibrary: Asset = {
  name: "hls.mjs",
  body: hlsJs.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"),
};
