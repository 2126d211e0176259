/** Going through a page by keyboard alone. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** More than any page of a test has. */
const MAX_STOPS = 150;

interface Stop {
  readonly name: string;
  readonly isIt: boolean;
  /** Whether it shows that it has the focus, where it can be seen. */
  readonly isSeen: boolean;
}

/**
 * Presses Tab until what `selector` finds first has the focus. Each stop on the way has to show that
 * it has.
 */
export async function tabTo(page: Page, selector: string): Promise<void> {
  const passed: string[] = [];
  while (passed.length < MAX_STOPS) {
    await page.keyboard.press("Tab");
    const { name, isIt, isSeen } = await page.evaluate<Stop>(stopAt(selector));
    assert.ok(isSeen, `${name} does not show that it has the focus`);
    if (isIt) return;
    passed.push(name);
  }
  assert.fail(`Tab never comes to ${selector}, but to ${passed.join(", ")}`);
}

/** Presses Tab until what `selector` finds first has the focus, and then a key. */
export async function pressOn(page: Page, selector: string, key: string): Promise<void> {
  await tabTo(page, selector);
  await page.keyboard.press(key);
}

/** Goes once around by Tab, and fails where some control that is seen never has the focus. */
export async function assertAllReached(page: Page): Promise<void> {
  await page.evaluate(COLLECT);
  let left: readonly string[] = [];
  for (let stops = 0; stops < MAX_STOPS; stops++) {
    await page.keyboard.press("Tab");
    left = await page.evaluate<string[]>(LEFT);
    if (left.length === 0) return;
  }
  assert.fail(`Tab never comes to ${left.join(", ")}`);
}

const NAME = `(element) => element.getAttribute("aria-label") ??
  (element.id ? "#" + element.id : element.tagName + " " + element.textContent.trim().slice(0, 40))`;

function stopAt(selector: string): string {
  return `(() => {
    const element = document.activeElement;
    const { top, bottom } = element.getBoundingClientRect();
    // Behind the last one is the browser itself; what a player consists of shows it by itself.
    const isSeen = element.matches("body, audio") || bottom > 0 && top < innerHeight &&
      getComputedStyle(element).outlineStyle !== "none";
    const isIt = element === document.querySelector(${JSON.stringify(selector)});
    return { name: (${NAME})(element), isIt, isSeen };
  })()`;
}

/** A dialog has the keyboard for itself. */
const COLLECT = `globalThis.unreached = new Set(
  [...(document.querySelector(":modal") ?? document).querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
    .filter((element) => element.checkVisibility() && !element.disabled));`;

/** What is gone meanwhile need not be reached. */
const LEFT = `(() => {
  unreached.delete(document.activeElement);
  for (const element of unreached) if (!element.checkVisibility()) unreached.delete(element);
  return [...unreached].map(${NAME});
})()`;
