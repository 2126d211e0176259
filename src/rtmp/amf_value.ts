/**
 * The values of AMF0 and AMF3, as the rest of the server sees them.
 *
 * @module
 */
/** A value of AMF0 or AMF3 as read: arrays and typed objects come without their class or count. */
export type AmfValue = string | number | boolean | null | undefined | AmfValue[] | AmfObject;

/** Objects that were read have no prototype, so any key is only a key. */
export interface AmfObject {
  [key: string]: AmfValue;
}

/** Whether `value` is an object or an associative array, whose properties may be looked at. */
export function isAmfObject(value: AmfValue): value is AmfObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object without properties, to be filled. */
export function emptyAmfObject(): AmfObject {
  return Object.create(null);
}
