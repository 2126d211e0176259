/** The page for people who may not listen: it says why. */
import { html } from "hono/html";
import { pageHeaders } from "../assets.ts";
import type { Markup } from "./player_page.ts";

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
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
        <meta name="robots" content="noindex">
        <title>Not open to you · Echo</title>
        <link rel="icon" href="${asset("icon.svg")}">
        <link rel="stylesheet" href="${asset("theme.css")}">
        <link rel="stylesheet" href="${asset("player.css")}">
      </head>
      <body>
        <main>
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
