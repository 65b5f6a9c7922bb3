import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { BuildError } from './args.mjs';

export const PACKAGES = { esbuild: '0.28.2', '@bytecodealliance/componentize-js': '0.23.0' };

/** A package out of the tools folder. */
export async function load(tools, name) {
  const folder = join(tools, 'node_modules', name);
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) {
    const packages = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`);
    const command = `npm install --prefix ${tools} ${packages.join(' ')}`;
    throw new BuildError(`\`${name}\` is not in ${join(tools, 'node_modules')}: run\n  ${command}`);
  }
  const { exports, main } = JSON.parse(readFileSync(manifest, 'utf8'));
  const loaded = await import(pathToFileURL(join(folder, exports?.import ?? main)));
  return loaded.default ?? loaded;
}
