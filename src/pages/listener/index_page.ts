/** The page that shows who is on air. */
import { html } from "hono/html";
import { brand, commonHead, type Markup } from "./page_frame.ts";
import { STATE_LABELS } from "./player_page.ts";
import type { ShowStatus } from "./shows.ts";

export interface IndexPageOptions {
  readonly shows: readonly ShowStatus[];
  /** The first part of every broadcast's path, without slashes around it. */
  readonly path: string;
  /** The URL of an asset, relative to the page. */
  readonly asset: (name: string) => string;
}

/** Makes the page. */
export function indexPage({ shows, path, asset }: IndexPageOptions): Markup {
  return html`
    <!DOCTYPE html>
    <html lang="en" class="index">
      <head>
        ${commonHead(asset, ["lists.css"])}
        <title>On air · Echo</title>
        <meta name="description" content="Who is on air, to listen to live.">
        <script type="module" src="${asset("index.js")}"></script>
      </head>
      <body>
        <main id="index" data-path="${path}" data-shows="${JSON.stringify(shows)}"
          data-labels="${JSON.stringify(STATE_LABELS)}">
    ${brand(undefined)}
    <h1>On air</h1>
    <p id="count" class="soft" role="status"></p>
    <form id="finder" class="finder" role="search" hidden>
    <label><span class="unseen">Search shows</span><input id="search" type="search"
      placeholder="Search" autocomplete="off" spellcheck="false"></label>
    <label>Sort by <select id="order"><option value="start">start</option><option
      value="name">title</option><option value="listeners">listeners</option></select></label>
    </form>
    <ul id="shows" class="shows"></ul>
    <div id="nobody" class="nobody" hidden><p>It is quiet right now.</p>
    <p class="soft">A show appears here as soon as it begins.</p></div>
    <noscript><ul class="shows">${shows.map(({ name }) =>
      html`<li><a href="${path}/${name}/">${name}</a></li>`
    )}</ul></noscript>
        </main>
      </body>
    </html>
  `;
}
