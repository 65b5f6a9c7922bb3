import { Failure } from 'standpipe';
import { ANY } from './path.js';

/** What a path ends at: the value there is redacted, whole. */
export const END = Symbol('end');

/** More places than anybody writes. Stars before names multiply them: `*.a`, `a.*.b`, `*.*.a` and so on. */
const MOST = 10_000;

/**
 * Paths as a tree. A place has what is below each of its `names`, and below `any` other one, if a path has a star
 * there; what a star leads to is below the names beside it, too, so a value is met once, whatever paths lead to it.
 */
export function places(paths) {
  let count = 0;

  /** What these paths, which agree so far, have from part number `depth` on. */
  function place(paths, depth) {
    // Of `user` and `user.email` the former takes it all.
    if (paths.some((path) => path.length === depth)) return END;
    if (++count > MOST) throw new Failure('bad-params', 'the fields are too many, or overlap in too many ways');
    const byPart = new Map([[ANY, []]]);
    for (const path of paths) {
      const part = path[depth];
      if (!byPart.has(part)) byPart.set(part, []);
      byPart.get(part).push(path);
    }
    const stars = byPart.get(ANY);
    byPart.delete(ANY);
    const names = new Map();
    for (const [name, named] of byPart) names.set(name, place([...named, ...stars], depth + 1));
    return { names, any: stars.length > 0 ? place(stars, depth + 1) : undefined };
  }

  return place(paths, 0);
}
