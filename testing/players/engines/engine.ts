/**
 * What tests of pages need of a browser, whichever it is.
 *
 * @module
 */

/** What people hear a page with: one of these stands behind every browser of note. */
export type EngineKind = "chromium" | "firefox" | "webkit";

/** What a person has set his browser to. */
export type ColorScheme = "light" | "dark";

/**
 * `still`: with reduced motion, as a person may ask for. What moves costs as much processor time as all
 * else in a browser that has no graphics card.
 */
export type Motion = "moving" | "still";

/** What a person has set a browser to. */
export interface EngineSettings {
  readonly scheme?: ColorScheme;
  readonly motion?: Motion;
}

/** The inner size of a window, in CSS pixels. */
export interface ViewportSize {
  readonly width: number;
  readonly height: number;
}

/** A browser with one page, which it shows as it would to a person. Gone at its disposal. */
export interface Engine extends AsyncDisposable {
  readonly kind: EngineKind;

  /**
   * Gives the page another size.
   * @returns the size that it has then; browsers that have windows keep them above a least width
   */
  resize(size: ViewportSize): Promise<ViewportSize>;

  /** Loads a page, and waits until its scripts have been run. */
  open(url: string): Promise<void>;

  /**
   * Has the page evaluate an expression.
   * @returns what it gives, by way of JSON
   * @throws where it throws in the page
   */
  evaluate<T>(expression: string): Promise<T>;

  /** Has the pointer press what a selector finds first, so that the page may play. */
  click(selector: string): Promise<void>;

  /** What the page looks like, as PNG. */
  screenshot(): Promise<Uint8Array>;
}

/** An expression whose value is JSON, whatever `expression` gives. */
export function asJson(expression: string): string {
  return `JSON.stringify([${expression}])`;
}

/** An expression that gives the inner size of the page's window. */
export const VIEWPORT = "({ width: innerWidth, height: innerHeight })";

/** What {@link asJson} gave. */
export function fromJson<T>(json: unknown): T {
  return JSON.parse(String(json))[0];
}

/** Whether there is a file, a folder or a socket at `path`. */
export function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}
