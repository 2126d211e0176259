/** The page that shows who is on air. */
import { html } from "hono/html";
import { brand, type Markup, STATE_LABELS } from "./player_page.ts";
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
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
        <title>On air · Echo</title>
        <meta name="description" content="Who is on air, to listen to live.">
        <meta name="theme-color" content="#f6f5f3" media="(prefers-color-scheme: light)">
        <meta name="theme-color" content="#131211" media="(prefers-color-scheme: dark)">
        <link rel="icon" href="${asset("icon.svg")}">
        <link rel="apple-touch-icon" href="${asset("icon.png")}">
        <link rel="stylesheet" href="${asset("theme.css")}">
        <link rel="stylesheet" href="${asset("player.css")}">
        <script type="module" src="${asset("index.js")}"></script>
      </head>
      <body>
        <main id="index" data-path="${path}" data-shows="${JSON.stringify(shows)}"
          data-labels="${JSON.stringify(STATE_LABELS)}">
    ${brand(undefined)}
    <h1>On air</h1>
    <p id="count" class="soft" role="status"></p>
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
