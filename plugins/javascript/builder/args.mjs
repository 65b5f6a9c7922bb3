import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const USAGE = 'usage: node build.mjs --folder DIR --out FILE.wasm --wit DIR --tools DIR';

/** Something that the author can mend: it is shown without a stack. */
export class BuildError extends Error {}

/** What the command line says. */
export function readArgs(words) {
  const given = {};
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].replace(/^--/, '');
    const known = ['folder', 'out', 'wit', 'tools'].includes(name) && words[i].startsWith('--');
    if (!known) throw new BuildError(`\`${words[i]}\` is no flag\n${USAGE}`);
    if (words[i + 1] === undefined) throw new BuildError(`\`--${name}\` has no value\n${USAGE}`);
    given[name] = words[i + 1];
  }
  for (const name of ['folder', 'out', 'wit', 'tools']) {
    if (given[name] === undefined) throw new BuildError(`\`--${name}\` is missing\n${USAGE}`);
    given[name] = resolve(given[name]);
  }
  return given;
}

/** The author's module in this folder. */
export function findSource(folder) {
  const names = ['plugin.ts', 'plugin.js', 'plugin.mjs'];
  const found = names.filter((name) => existsSync(join(folder, name)));
  if (found.length === 0) throw new BuildError(`there is no \`plugin.js\` and no \`plugin.ts\` in ${folder}`);
  if (found.length > 1) throw new BuildError(`\`${found.join('` and `')}\` are both in ${folder}: keep one`);
  return join(folder, found[0]);
}
