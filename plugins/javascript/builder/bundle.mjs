import { builtinModules } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BuildError } from './args.mjs';
import { lineTable } from './lines.mjs';

const sdk = dirname(dirname(fileURLToPath(import.meta.url)));

const ENTRY = `
  import { at, count, log } from 'standpipe:transform/host@0.1.0';
  import { batch as guest } from 'standpipe/guest';
  import * as plugin from 'standpipe/plugin';
  import { transform } from 'standpipe/plugin';
  export const batch = guest({ transform, init: plugin.init }, { at, count, log });
`;

const NODES = new RegExp(`^(node:.*|${builtinModules.join('|')})$`);
const TRIED = Symbol('tried');

/** One module out of the author's source, its packages and the SDK, with the table that stacks are read by. */
export async function bundle(esbuild, folder, source) {
  const { code, map, files } = await run(esbuild, basename(source), {
    absWorkingDir: folder,
    stdin: { contents: ENTRY, resolveDir: folder, sourcefile: join(sdk, 'entry.js') },
    outfile: join(folder, 'build', 'bundle.js'),
    sourcemap: 'external',
    sourcesContent: false,
    plugins: [resolver({ 'standpipe/guest': join(sdk, 'src', 'guest.js'), 'standpipe/plugin': source })],
  });
  const table = lineTable(map, join(folder, 'build'), folder, sdk);
  return { code: `${code}\nglobalThis[Symbol.for('standpipe.lines')] = ${JSON.stringify(table)};\n`, files, table };
}

/** The author's TypeScript as JavaScript, the SDK left out, for tests under Node. */
export async function transpile(esbuild, folder, source) {
  const { code } = await run(esbuild, basename(source), {
    absWorkingDir: folder,
    entryPoints: [source],
    outfile: join(folder, 'build', 'plugin.js'),
    packages: 'external',
    sourcemap: 'inline',
  });
  return code;
}

async function run(esbuild, name, options) {
  try {
    const { outputFiles, metafile } = await esbuild.build({
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      target: 'esnext',
      charset: 'utf8',
      external: ['standpipe:*'],
      define: { 'process.env.NODE_ENV': '"production"' },
      logLevel: 'silent',
      metafile: true,
      write: false,
      ...options,
    });
    const text = (end) => outputFiles.find((file) => file.path.endsWith(end))?.text;
    return { code: text('.js'), map: text('.map'), files: Object.keys(metafile.inputs) };
  } catch (error) {
    if (error.errors === undefined) throw error;
    const missing = error.errors.find(({ text }) => /^No matching export .* for import "transform"$/.test(text));
    if (missing?.location.file.endsWith('entry.js')) throw new BuildError(`\`${name}\` exports no function \`transform\``);
    const errors = error.errors.map((one) => ({ ...one, notes: one.notes.filter(({ text }) => !isForNode(text)) }));
    const shown = await esbuild.formatMessages(errors, { kind: 'error', color: process.stderr.isTTY });
    throw new BuildError(shown.join('').trimEnd());
  }
}

/** Advice that helps elsewhere: a plugin has nothing outside its bundle. */
function isForNode(note) {
  return /as external|for node\?/.test(note);
}

/** `standpipe` is this SDK, wherever it lies; nothing need be installed for that. */
function resolver(own) {
  return {
    name: 'standpipe',
    setup(build) {
      build.onResolve({ filter: /^standpipe($|\/)/ }, ({ path, importer }) => {
        if (path === 'standpipe') return { path: join(sdk, 'index.js') };
        if (importer.endsWith('entry.js') && own[path] !== undefined) return { path: own[path] };
        return { errors: [{ text: `\`${path}\` is not for plugins: a plugin imports \`standpipe\` alone` }] };
      });
      // There are packages of npm by some of these names.
      build.onResolve({ filter: NODES }, async ({ path, pluginData, ...options }) => {
        if (pluginData === TRIED) return undefined;
        const found = await build.resolve(path, { ...options, pluginData: TRIED });
        if (found.errors.length === 0) return found;
        return { errors: [{ text: `\`${path}\` is not there: a plugin has no files, no network and no process` }] };
      });
    },
  };
}
