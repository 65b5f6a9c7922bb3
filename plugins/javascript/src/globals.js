import { log } from './host.js';
import { describe } from './thrown.js';

const LEVELS = { debug: 'debug', error: 'error', info: 'info', log: 'info', trace: 'trace', warn: 'warn' };

/** `console` goes to the host's log from now on. */
export function replaceConsole() {
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...values) => {
      for (const line of values.map(show).join(' ').split('\n')) log(level, line);
    };
  }
  console.dir = console.log;
  console.table = console.log;
  console.assert = (condition, ...values) => condition || console.error('assertion failed:', ...values);
}

/** What needs a network would end the instance: it is to fail as anything else does. */
export function replaceFetch() {
  globalThis.fetch = () => Promise.reject(new TypeError('a plugin has no network: `fetch` is not there'));
}

function show(value) {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return describe(value);
  try {
    return (typeof value === 'object' && JSON.stringify(value)) || String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
