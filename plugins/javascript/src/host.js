import { origin } from './records.js';

export const LEVELS = new Map([['trace', 0], ['debug', 1], ['info', 2], ['warn', 3], ['error', 4]]);

/** Sums of this batch: a call of the host for each record would cost more than the sum. */
const sums = new Map();

/** The host; `null` while the module is evaluated at build time, when nobody listens yet. */
let host = null;
/** The record that the host takes log lines to be about. */
let toldOrigin = -1;

/** Writes a line to the host's log. What is logged while a record fails is kept with its failure. */
export function log(level, message) {
  const number = LEVELS.get(level);
  if (number === undefined) {
    throw new TypeError(`\`${String(level)}\` is no level: it is one of ${[...LEVELS.keys()].join(', ')}`);
  }
  if (host === null) return console.log(String(message));
  if (origin !== toldOrigin && origin >= 0) host.at((toldOrigin = origin));
  host.log(number, String(message));
}

/** Adds `value` to the counter `metric`. */
export function count(metric, value = 1) {
  if (!(typeof value === 'bigint' ? value >= 0n : Number.isSafeInteger(value) && value >= 0)) {
    throw new TypeError(`\`${metric}\` counts whole numbers from 0, not \`${String(value)}\``);
  }
  const sum = sums.get(metric);
  if (sum === undefined) sums.set(String(metric), value);
  else if (typeof sum === 'number' && typeof value === 'number' && sum + value <= Number.MAX_SAFE_INTEGER) {
    sums.set(metric, sum + value);
  } else sums.set(metric, BigInt(sum) + BigInt(value));
}

/** From now on `log` and `count` go there: to the imports of the component, or to a test. */
export function connect(to) {
  host = to;
}

/** A new batch: what an earlier one that came to nothing left is forgotten. */
export function start() {
  toldOrigin = -1;
  sums.clear();
}

/** Passes the sums on. */
export function flush() {
  const most = 0xffff_ffff_ffff_ffffn;
  for (const [metric, sum] of sums) host.count(metric, BigInt(sum) > most ? most : BigInt(sum));
  sums.clear();
}
