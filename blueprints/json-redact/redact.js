import { END } from './places.js';
import { sha256 } from './sha256.js';

/** By mode what makes the change of one member or element, which `holder` has of its own. */
export const CHANGES = {
  replace: ({ replacement }) => (holder, key) => {
    holder[key] = replacement;
  },
  remove: () => remove,
  hash: ({ salt }) => (holder, key) => {
    holder[key] = sha256(salt + JSON.stringify(holder[key]));
  },
};

function remove(holder, key) {
  delete holder[key];
}

/** Changes what the paths lead to within `value`, which came out of `JSON.parse`. Other values are left alone. */
export function redact(value, { names, any }, change) {
  if (typeof value !== 'object' || value === null) return;
  const isArray = Array.isArray(value);
  // Elements are many and few paths name one: it is their numbers that are gone through, not their names.
  const keys = any === undefined ? ownNames(value, names) : isArray ? value.keys() : Object.keys(value);
  for (const key of keys) {
    const place = names.get(isArray ? String(key) : key) ?? any;
    if (place === END) change(value, key);
    else redact(value[key], place, change);
  }
  if (isArray && change === remove) closeUp(value);
}

/** A path may well say `__proto__` or `length`: what a value has not of its own, or does not print, is not there. */
function ownNames(value, names) {
  return [...names.keys()].filter((name) => Object.prototype.propertyIsEnumerable.call(value, name));
}

/** Elements that were removed left holes. */
function closeUp(array) {
  let length = 0;
  for (let i = 0; i < array.length; i++) if (Object.hasOwn(array, i)) array[length++] = array[i];
  array.length = length;
}
