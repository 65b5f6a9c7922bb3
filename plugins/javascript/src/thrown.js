import { Failure } from './failure.js';

/** Frames that are shown; an endless recursion has hundreds. */
const MOST_FRAMES = 16;
/** How far the causes of an error are followed. */
const MOST_CAUSES = 4;

/** Frames under Node that have one of these in them are left out. */
export const hidden = ['node:internal'];

/**
 * What was thrown, for people: the first line says what, the lines after it are the stack, in the author's own
 * files and lines.
 */
export function describe(thrown) {
  try {
    const lines = [headline(thrown), ...frames(thrown)];
    let error = thrown;
    for (let depth = 0; depth < MOST_CAUSES && isError(error) && error.cause !== undefined; depth++) {
      error = error.cause;
      lines.push(`caused by: ${headline(error)}`, ...frames(error));
    }
    return lines.join('\n');
  } catch {
    return 'something was thrown that cannot be described';
  }
}

function isError(thrown) {
  return thrown instanceof Error || (typeof thrown === 'object' && typeof thrown?.stack === 'string');
}

function headline(thrown) {
  return text(thrown).replace(/\s*[\r\n]\s*/g, ' ');
}

function text(thrown) {
  if (typeof thrown === 'string' || isError(thrown)) return String(thrown);
  return `${(typeof thrown === 'object' && JSON.stringify(thrown)) || String(thrown)} was thrown`;
}

function frames(thrown) {
  if (!isError(thrown) || typeof thrown.stack !== 'string') return [];
  const found = [];
  for (const line of thrown.stack.split('\n')) {
    const frame = spiderMonkey(line) ?? v8(line);
    if (frame !== null) found.push(`    at ${frame}`);
  }
  const more = found.length - MOST_FRAMES;
  return more > 0 ? [...found.slice(0, MOST_FRAMES), `    and ${more} more`] : found;
}

/** `name@file:line:column`. What lies in no file of the author's is left out. */
function spiderMonkey(line) {
  const parts = /^(.*)@(.*):(\d+):(\d+)$/.exec(line);
  if (parts === null) return null;
  const place = source(Number(parts[3]), Number(parts[4]));
  if (place === null) return null;
  // `a/b/<` is a function without a name within `b` within `a`, `async*a` one that was awaited.
  const name = parts[1].replace(/\/?<$/, '').replace(/^async\*/, 'async ');
  return name === '' ? place : `${name} (${place})`;
}

/** `at name (file:line:column)`: under Node, in tests. */
function v8(line) {
  const parts = /^ {4}at (.*)$/.exec(line);
  if (parts === null || hidden.some((part) => parts[1].includes(part))) return null;
  return parts[1];
}

/**
 * The author's file and line that became this place of the bundle. The build leaves a table for it: for each line
 * of the bundle `column, file, line` of every step of the source, as one list.
 */
function source(line, column) {
  const table = globalThis[Symbol.for('standpipe.lines')];
  const steps = table?.lines[line - 1];
  if (!steps) return null;
  let step = 0;
  while (step + 3 < steps.length && steps[step + 3] <= column) step += 3;
  const file = table.files[steps[step + 1]];
  return file === null ? null : `${file}:${steps[step + 2]}`;
}

/** Code and message of what the author's function threw, which may be anything: looking at it may throw again. */
export function failure(thrown) {
  try {
    if (thrown instanceof Failure) return { code: thrown.code, message: String(thrown.message) };
  } catch {
    // A proxy, say.
  }
  return { code: 'uncaught', message: describe(thrown) };
}

/** An error for a whole batch, as the bindings take it. */
export class BatchError extends Error {
  constructor(code, message) {
    super(message);
    this.payload = { code, message };
  }
}
