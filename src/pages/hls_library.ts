/** The library by which browsers play HLS, as an asset of pages. */
import hlsJs from "hls.js/dist/hls.light.min.mjs" with { type: "text" };
import type { Asset } from "./assets.ts";

/** hls.js, without the link to its source map, which is not served. */
export const hlsLibrary: Asset = {
  name: "hls.mjs",
  body: hlsJs.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"),
};
