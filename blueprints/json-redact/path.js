import { Failure } from 'standpipe';

/** The part of a path that matches any member or element. */
export const ANY = Symbol('*');

/** The parts of `user.*.email`. A backslash takes a dot, a star or a backslash for what it is. */
export function parsePath(path) {
  const parts = [];
  let [name, stars, isEscaped] = ['', 0, false];
  // The dot added closes the last part.
  for (const character of `${path}.`) {
    if (isEscaped) {
      if (!'.*\\'.includes(character)) throw wrong(path, 'a backslash stands before `.`, `*` or `\\` only');
      name += character;
      isEscaped = false;
    } else if (character === '\\') {
      isEscaped = true;
    } else if (character === '.') {
      if (name === '') throw wrong(path, 'it has an empty part');
      // Taken for a name, `pass*` would redact nothing, and nobody would notice.
      if (stars > 0 && name !== '*') throw wrong(path, 'a `*` stands alone; a name has it as `\\*`');
      parts.push(stars > 0 ? ANY : name);
      [name, stars] = ['', 0];
    } else {
      if (character === '*') stars++;
      name += character;
    }
  }
  if (name !== '') throw wrong(path, 'nothing comes behind its last backslash');
  return parts;
}

function wrong(path, why) {
  return new Failure('bad-params', `the field \`${path}\` is no path: ${why}`);
}
