// @ts-check
// In which order the rows of a table stand.

/**
 * @template T
 * @typedef {object} Ordered
 * @property {(item: T) => string | number} [order] the value that rows are sorted by
 * @property {string} [kind] classes, `number` among them where it is a number
 */

/**
 * Compares items by a column, and where they are the same there by the first column.
 * @template T
 * @param {Ordered<T>[]} columns
 * @param {number} by the index of the column
 * @param {1 | -1} direction -1: descending; the first column is always ascending in equal rows
 * @returns {(a: T, b: T) => number}
 */
export function byColumn(columns, by, direction) {
  const [order, first] = [columns[by]?.order, columns[0]?.order];
  return (a, b) => {
    const difference = order === undefined ? 0 : direction * compare(order(a), order(b));
    return difference !== 0 || first === undefined ? difference : compare(first(a), first(b));
  };
}

/**
 * The direction of a column that has just been chosen: the largest number is what one looks for.
 * @param {Pick<Ordered<any>, "kind"> | undefined} column
 * @returns {1 | -1}
 */
export function firstDirection(column) {
  return column?.kind?.split(" ").includes("number") ? -1 : 1;
}

/**
 * @param {string | number} a
 * @param {string | number} b
 */
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
