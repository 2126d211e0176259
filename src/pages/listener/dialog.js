// @ts-check
/// <reference lib="dom" />
// Dialogs: a button opens one, and a press beside it closes it.

/**
 * Makes a dialog's button work.
 * @param {string} id the dialog's
 * @param {string} buttonId
 * @param {() => void} [onOpen] called before it is shown
 * @returns {(() => void) | undefined} what opens it; `undefined` where the page has no such dialog
 */
export function setUpDialog(id, buttonId, onOpen) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement)) return undefined;
  const open = () => {
    onOpen?.();
    dialog.showModal();
  };
  document.getElementById(buttonId)?.addEventListener("click", open);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return open;
}
