import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { BuildError } from './args.mjs';

/** What the host's world has nothing of, or what the SDK does itself. Clocks and random numbers are left. */
const FEATURES_OFF = ['stdio', 'http', 'fetch-event'];

/** Where the engine was built. */
const ENGINE_BUILT_IN = ['', 'home', 'runner', 'work'].join('/');

/** A component out of one module: the module is evaluated, and what it left in memory is what instances start with. */
export async function component({ componentize }, { code, table }, wit) {
  // Its path goes through a command line that is split at spaces, so it is none of the author's.
  const folder = await mkdtemp(join(tmpdir(), 'standpipe-'));
  const sourcePath = join(folder, 'bundle.js');
  await writeFile(sourcePath, code);
  try {
    const made = await componentize({
      sourcePath,
      witPath: wit,
      worldName: 'batch-plugin',
      disableFeatures: FEATURES_OFF,
    });
    return anonymous(made.component, folder);
  } catch (error) {
    throw new BuildError(inAuthorsLines(error.message ?? String(error), table));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * The component without the paths of the machine that built it, or its engine: they are in the memory that instances
 * start with, and some differ with each build. What stands for them is as long.
 */
function anonymous(component, folder) {
  let bytes = Buffer.from(component).toString('latin1');
  const work = tmpdir().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const paths = [`${work}/${basename(folder)}`, `${work}/[0-9a-f]{12}(?=/sources)`, ENGINE_BUILT_IN];
  for (const path of paths) {
    bytes = bytes.replace(new RegExp(path, 'g'), (found) => found.replace(/[^/]/g, '_'));
  }
  return Buffer.from(bytes, 'latin1');
}

/** What the module threw while it was evaluated, which names lines of the bundle, told in lines of the author's. */
function inAuthorsLines(message, { files, lines }) {
  const told = message.replace(/\S*bundle\.js:(\d+)(:\d+)?/g, (place, line) => {
    const steps = lines[line - 1];
    return steps && files[steps[1]] !== null ? `${files[steps[1]]}:${steps[2]}` : place;
  });
  const [, thrown] = told.split('Exception while evaluating top-level script\n');
  if (thrown === undefined) return told;
  const kept = thrown.split('\n').filter((line) => !/^Additionally, some promises|^Promise rejected/.test(line));
  return `the module threw when it was run once to build the component:\n${kept.join('\n').trimEnd()}`;
}
