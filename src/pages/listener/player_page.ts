/** The page on which a broadcast is heard. */
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { brand, commonHead, LOGO, type Markup } from "./page_frame.ts";
import { helpDialog, shareDialog } from "./player_dialogs.ts";
import type { ShowState, ShowStatus } from "./shows.ts";

export interface PlayerPageOptions {
  readonly status: ShowStatus;
  /** Whether it is the compact page, for a frame in another site. */
  readonly embed: boolean;
  /** The public URL of the page, which ends with a slash; `undefined` where it is not known. */
  readonly url: string | undefined;
  /** The URL of an asset, relative to the page. */
  readonly asset: (name: string) => string;
  /** The URL of the page that shows who is on air, relative to this page; `undefined`: none. */
  readonly index: string | undefined;
  /** Where shows are, relative to this page, with a slash at the end, where others are told of. */
  readonly others: string | undefined;
  /** Whether any player can open what the page plays. */
  readonly hasPlayers: boolean;
}

/** What the pages call a state. */
export const STATE_LABELS: Readonly<Record<ShowState, string>> = {
  "off-air": "Off air",
  "starting": "Starting",
  "on-air": "On air",
  "reconnecting": "Reconnecting",
};

const PREVIEWS: Readonly<Record<ShowState, string>> = {
  "off-air": "Off air right now. The page starts to play when the show begins.",
  "starting": "The show is about to begin. Listen live.",
  "on-air": "On air now. Listen live.",
  "reconnecting": "On air, and back in a moment. Listen live.",
};

/** Makes the page. */
export function playerPage(options: PlayerPageOptions): Markup {
  const { status, embed, asset, index } = options;
  const { name, state } = status;
  return html`
    <!DOCTYPE html>
    <html lang="en" class="${embed ? "embed" : "full"}">
      <head>
    ${head(options)}
      </head>
      <body>
        <main id="player" data-state="${state}" data-phase="stopped" data-status="${JSON.stringify(
          status,
        )}"
          data-labels="${JSON.stringify(STATE_LABELS)}" data-hls="${asset("hls.mjs")}"
          data-icon="${asset("icon.png")}">
    ${embed ? null : brand(index)}
    <header class="show">
    <p class="state"><span class="dot" aria-hidden="true"></span><span id="state" role="status">${STATE_LABELS[
      state
    ]}</span></p>
    <h1 id="title" dir="auto">${status.title ?? name}</h1>
    <p class="byline"><span id="artist" dir="auto">${status.artist ??
      ""}</span><span id="name">${status.title === null ? "" : name}</span></p>
    </header>
    <div class="stage">
    <canvas id="meter" aria-hidden="true"></canvas>
    <button id="play" class="play" type="button" aria-label="Listen to ${name}">${embed
      ? null
      : picture()}${icons()}</button>
    </div>
    ${time()}
    ${facts()}
    <div class="controls">
    <label class="volume" id="volume-control"><span class="unseen">Volume</span>${speaker()}<input
      id="volume" type="range" min="0" max="100" step="1" value="100"></label>
    ${embed ? null : html`
      <button id="share" class="quiet" type="button">Share</button><button
        id="help-open" class="quiet keys" type="button" aria-label="Keyboard"
        title="Keyboard (?)">?</button>
    `}
    </div>
    ${embed
      ? openPage(name)
      : html`${played()}${others(options)}${
        shareDialog(options.status.name, options)
      }${helpDialog()}`}
    <noscript><p class="message">This page plays with JavaScript. Any player opens
    <a href="playlist.m3u8">the playlist</a>.</p></noscript>
    <audio id="audio" preload="none"></audio>
        </main>
      </body>
    </html>
  `;
}

const FULL_STYLES = ["stage.css", "controls.css", "lists.css", "dialogs.css"];
const EMBED_STYLES = ["stage.css", "controls.css", "embed.css"];

function head({ status, embed, url, asset }: PlayerPageOptions): Markup {
  const { name, state, title, artist } = status;
  const heading = [title ?? name, artist].filter((text) => text !== null).join(" · ");
  return html`${commonHead(asset, embed ? EMBED_STYLES : FULL_STYLES)}
<title>${heading} · ${STATE_LABELS[state]}</title>
<meta name="description" content="${PREVIEWS[state]}">
<meta property="og:type" content="music.radio_station">
<meta property="og:site_name" content="Echo">
<meta property="og:title" content="${heading}">
<meta property="og:description" content="${PREVIEWS[state]}">
<meta name="twitter:card" content="summary_large_image">
<meta name="twitter:title" content="${heading}">
<meta name="twitter:description" content="${PREVIEWS[state]}">
${url === undefined ? null : absolute(url, new URL(asset("share.png"), url).href)}
<script type="module" src="${asset("player.js")}"></script>`;
}

/** The tags that previews of links read only with absolute URLs. */
function absolute(url: string, image: string): Markup {
  return html`<link rel="canonical" href="${url}">
<meta property="og:url" content="${url}">
<meta property="og:audio" content="${url}playlist.m3u8">
<meta property="og:audio:type" content="application/vnd.apple.mpegurl">
<meta property="og:image" content="${image}">
<meta property="og:image:type" content="image/png">
<meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630">
<meta property="og:image:alt" content="Echo: live audio">
<meta name="twitter:image" content="${image}">`;
}

function icons(): HtmlEscapedString {
  return raw(
    `<svg class="icon-play" viewBox="0 0 24 24" aria-hidden="true"><path d="M8.5 5.2v13.6a.9.9 0 0 \
0 1.4.75l10-6.8a.9.9 0 0 0 0-1.5l-10-6.8a.9.9 0 0 0-1.4.75z"/></svg><svg class="icon-stop" \
viewBox="0 0 24 24" aria-hidden="true"><rect x="6.5" y="6.5" width="11" height="11" rx="2"/></svg>`,
  );
}

function speaker(): HtmlEscapedString {
  return raw(
    `<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" \
stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"><path \
d="M4 9.5v5h3.2l4.3 3.6V5.9L7.2 9.5z" fill="currentColor"/><path d="M15 9.2a4 4 0 0 1 0 5.6M17.6 \
6.6a7.6 7.6 0 0 1 0 10.8"/></svg>`,
  );
}

/** The show's picture, where it has one. Its host is not told which page shows it. */
function picture(): Markup {
  return html`<img id="artwork" alt="" decoding="async" referrerpolicy="no-referrer" hidden>`;
}

/** How far behind live it plays and the way back, or what goes on; filled by the script. */
function time(): Markup {
  return html`
    <div class="time">
      <div id="bar-control" class="bar" hidden>
      <span id="begin" class="small-print" aria-hidden="true"></span>
      <input id="bar" type="range" step="10000" aria-label="Time of the show">
      <span class="small-print" aria-hidden="true">live</span></div>
      <p id="message" class="message" role="status"></p>
      <p class="place"><span id="behind"></span>
      <button id="live" class="quiet" type="button" hidden>Go to live</button></p>
    </div>
  `;
}

/** Filled by the script. */
function facts(): Markup {
  return html`
    <dl class="facts" id="facts">
      <div id="on-air-fact" hidden>
        <dt>On air for</dt>
        <dd id="elapsed"></dd>
        <dd id="since" class="small-print"></dd>
      </div>
      <div id="listeners-fact" hidden
        title="By the requests at this server: of those behind a CDN it sees the CDN alone">
        <dt>Listeners</dt>
        <dd id="listeners"></dd>
        <dd class="small-print">at this server</dd>
      </div>
      <div id="last-fact" hidden>
        <dt>Last on air</dt>
        <dd id="last"></dd>
        <dd id="last-day" class="small-print"></dd>
      </div>
    </dl>
  `;
}

/** What was heard before; filled by the script. */
function played(): Markup {
  return html`
    <details id="played" class="played" hidden>
      <summary>Played before</summary>
      <ol></ol>
    </details>
  `;
}

function openPage(name: string): Markup {
  return html`
    <a class="open" href="./" target="_blank" rel="noopener"
      aria-label="Open the page of ${name}">${raw(LOGO)}</a>
  `;
}

/** What else is on air; filled by the script. */
function others({ index, others }: PlayerPageOptions): Markup | null {
  if (index === undefined || others === undefined) return null;
  return html`
    <section id="others" class="others" aria-labelledby="others-title" data-index="${index}"
      data-folder="${others}" hidden>
      <h2 id="others-title">On air now</h2>
      <ul class="shows"></ul>
      <p><a href="${index}">Who is on air</a></p>
    </section>
  `;
}
