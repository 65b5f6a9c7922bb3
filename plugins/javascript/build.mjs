// A component out of a plugin's folder. `standpipe plugin build` calls it; it writes FILE, and into the folder's
// `build/` what native tests of TypeScript run.
import { lstat, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BuildError, findSource, readArgs } from './builder/args.mjs';
import { bundle, transpile } from './builder/bundle.mjs';
import { component } from './builder/component.mjs';
import { load } from './builder/tools.mjs';

const sdk = dirname(fileURLToPath(import.meta.url));

try {
  await build(readArgs(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

async function build({ folder: given, out, wit, tools }) {
  const folder = await realpath(given).catch(() => {
    throw new BuildError(`there is no folder ${given}`);
  });
  const source = findSource(folder);
  const esbuild = await load(tools, 'esbuild');
  const componentizeJs = await load(tools, '@bytecodealliance/componentize-js');
  await mkdir(join(folder, 'build'), { recursive: true });
  await link(folder);
  if (source.endsWith('.ts')) {
    await writeFile(join(folder, 'build', 'plugin.js'), await transpile(esbuild, folder, source));
  }
  const bundled = await bundle(esbuild, folder, source);
  await writeFile(out, await component(componentizeJs, bundled, wit));
}

/**
 * `import … from 'standpipe'` for Node's tests and for editors. Modules that lead to the SDK, and no symbolic link as npm
 * makes it: where the plugin lies within the SDK, as the examples do, that would be a circle.
 */
async function link(folder) {
  const place = join(folder, 'node_modules', 'standpipe');
  const there = await lstat(place).catch(() => null);
  if (there?.isSymbolicLink()) return;
  await mkdir(place, { recursive: true });
  const way = relative(place, sdk).split(sep).join('/');
  for (const name of ['index', 'testing']) {
    for (const end of ['js', 'd.ts']) await writeFile(join(place, `${name}.${end}`), `export * from '${way}/${name}.js';\n`);
  }
  const { name, version, type, exports } = JSON.parse(await readFile(join(sdk, 'package.json'), 'utf8'));
  await writeFile(join(place, 'package.json'), JSON.stringify({ name, version, private: true, type, exports }));
}
