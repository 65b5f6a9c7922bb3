/** A copy of a typed array, twice as large, and with room for `least` elements. */
export function grown(array, least) {
  const larger = new array.constructor(Math.max(2 * array.length, least));
  larger.set(array);
  return larger;
}

/** What a value is, for a message. */
export function kind(value) {
  if (typeof value !== 'object' || value === null) return value == null ? String(value) : `a ${typeof value}`;
  return Object.prototype.toString.call(value).slice(8, -1);
}
