// @ts-check
/// <reference lib="dom" />
// The picture of a broadcast, in the button that plays it.

/**
 * Finds where the picture is shown.
 * @param {() => void} onChange called when another picture is shown, or none any more
 */
export function setUpArtwork(onChange) {
  const image = /** @type {HTMLImageElement | null} */ (document.getElementById("artwork"));
  /** @type {string | null} */
  let wanted = null;
  /** @type {string | undefined} */
  let shown;

  /** @param {string | undefined} url */
  function set(url) {
    if (image === null || url === shown) return;
    shown = url;
    image.hidden = url === undefined;
    image.closest("button")?.classList.toggle("pictured", url !== undefined);
    onChange();
  }

  image?.addEventListener("load", () => set(wanted ?? undefined));
  // A picture that is not to be had leaves the page as it is without one.
  image?.addEventListener("error", () => set(undefined));
  return {
    /** The URL of the picture that is shown. */
    get shown() {
      return shown;
    },
    /** @param {string | null} url null: there is none */
    show(url) {
      if (image === null || url === wanted) return;
      wanted = url;
      if (url === null) {
        image.removeAttribute("src");
        set(undefined);
      } else image.src = url;
    },
  };
}
