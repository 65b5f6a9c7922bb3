import { Failure } from 'standpipe';
import { parsePath } from './path.js';
import { places } from './places.js';
import { CHANGES, redact } from './redact.js';

/** The paths as one tree, and what is done to the values they lead to. */
export function init({ fields, mode = 'replace', with: replacement = '[redacted]', salt = '' }) {
  return { root: places(fields.map(parsePath)), change: CHANGES[mode]({ replacement, salt }) };
}

export function transform(record, { root, change }, out) {
  const value = record.json();
  if (typeof value !== 'object' || value === null) {
    out.emit(record.payload);
    return;
  }
  // Also where no path led anywhere: of two members of one name the first is still in the record's bytes.
  try {
    redact(value, root, change);
    out.emit(JSON.stringify(value));
  } catch (error) {
    if (!isTooDeep(error)) throw error;
    throw new Failure('too-deep', 'objects and arrays are nested too deeply to be written again');
  }
}

/** SpiderMonkey and V8 each have a word for it. */
function isTooDeep(error) {
  return error instanceof Error && /^too much recursion|^Maximum call stack/.test(error.message);
}
