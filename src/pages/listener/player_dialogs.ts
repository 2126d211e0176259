/** The dialogs of the page on which a broadcast is heard. */
import { html } from "hono/html";
import type { Markup } from "./page_frame.ts";
import { M3U } from "./player_files.ts";

export interface ShareDialogOptions {
  /** The URL of an asset, relative to the page. */
  readonly asset: (name: string) => string;
  /** Whether any player can open what the page plays. */
  readonly hasPlayers: boolean;
}

/** Links, a QR code and the code to embed the page; see `share.js`. */
export function shareDialog(name: string, { asset, hasPlayers }: ShareDialogOptions): Markup {
  const field = (id: string, label: string) =>
    html`<div class="field"><label for="${id}">${label}</label><div class="copy">
<input id="${id}" type="text" readonly spellcheck="false"><button type="button" class="quiet"
  data-copies="${id}">Copy<span class="unseen"> ${label.toLowerCase()}</span></button></div></div>`;
  return html`<dialog id="share-dialog" aria-labelledby="share-title" data-library="${
    asset("uqr.mjs")
  }">
<h2 id="share-title">Share ${name}</h2>
${field("share-link", "Link")}
<p id="share-code"><svg role="img" aria-label="The link as a QR code"></svg></p>
${field("share-moment", "Link that begins with what you hear")}
${field("share-embed", "Embed code")}
${field("share-playlist", "Playlist, for any player")}
${hasPlayers ? openInPlayer() : null}
<div class="dialog-end"><span id="share-said" role="status"></span><form method="dialog"><button
  class="quiet">Close</button></form></div>
</dialog>`;
}

/** What the keys do; see `keys.js`. */
export function helpDialog(): Markup {
  const keys = [
    ["Space or K", "play, stop"],
    ["↑ ↓", "louder, softer"],
    ["M", "mute"],
    ["L", "go to live"],
    ["?", "this help"],
  ];
  return html`
    <dialog id="help" aria-labelledby="help-title">
      <h2 id="help-title">Keyboard</h2>
      <dl class="keys-list">${keys.map(([key, what]) =>
        html`
          <div>
            <dt><kbd>${key}</kbd></dt>
            <dd>${what}</dd>
          </div>
        `
      )}</dl>
      <div class="dialog-end"><span></span><form method="dialog"><button class="quiet">Close</button>
    </form></div>
    </dialog>
  `;
}

function openInPlayer(): Markup {
  return html`<p class="open-in"><span>Open in a player:</span>
<a href="playlist.m3u8">.m3u8</a> <a href="${M3U.file}">.m3u</a></p>`;
}
