import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BuildError } from './args.mjs';

/** What the host's world has nothing of, or what the SDK does itself. Clocks and random numbers are left. */
const FEATURES_OFF = ['stdio', 'http', 'fetch-event'];

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
    return made.component;
  } catch (error) {
    throw new BuildError(inAuthorsLines(error.message ?? String(error), table));
  } finally {
    await rm(folder, { recursive: true });
  }
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
