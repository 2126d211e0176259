/** The page for people who may not listen: it says why. */
import { html } from "hono/html";
import { pageHeaders } from "../assets.ts";
import { brand, commonHead, type Markup } from "./page_frame.ts";

export interface RefusalPage {
  readonly markup: Markup;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Makes the page.
 * @param why a clause, without a full stop
 * @param assets the folder of the pages' assets, relative to the page
 */
export function refusalPage(why: string, assets: string): RefusalPage {
  // Whatever stands for the version, the asset is the one of now.
  const asset = (name: string) => `${assets}/now/${name}`;
  const markup = html`
    <!DOCTYPE html>
    <html lang="en" class="index">
      <head>
        ${commonHead(asset)}
        <title>Not open to you · Echo</title>
        <meta name="robots" content="noindex">
      </head>
      <body>
        <main class="not-found">
    ${brand(undefined)}
    <h1>You cannot listen here</h1>
    <p id="why">${why.slice(0, 1).toUpperCase()}${why.slice(1)}.</p>
    <p class="soft">Whoever sent you here can give you a link that works.</p>
        </main>
      </body>
    </html>
  `;
  // Pages of other sites show players in a frame, and so what stands in the place of one.
  return { markup, headers: pageHeaders({ frameAncestors: "*", cacheControl: "no-store" }) };
}
