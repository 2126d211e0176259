// @ts-check
/// <reference lib="dom" />
// Draws QR codes.

/** Modules of space around a QR code (ISO/IEC 18004 5.3.8). */
const QUIET_ZONE = 4;
const SVG = "http://www.w3.org/2000/svg";

/**
 * Draws the QR code of a text.
 * @param {Element} svg what it is drawn in, in place of what is there
 * @param {string} text
 * @param {string} library the URL of what encodes it
 */
export async function drawQrCode(svg, text, library) {
  const { encode } = await import(new URL(library, document.baseURI).href);
  /** @type {{ size: number, data: boolean[][] }} */
  const { size, data } = encode(text, { border: QUIET_ZONE });
  const path = document.createElementNS(SVG, "path");
  const modules = data.flatMap((line, y) =>
    line.flatMap((dark, x) => dark ? `M${x} ${y}h1v1h-1z` : [])
  );
  path.setAttribute("d", modules.join(""));
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.replaceChildren(path);
}
