import { valueAt } from './column.js';
import { Failure } from './failure.js';
import { dropRecord, finishOutputs, isDropped, out, ownOut, startOutputs, withdraw } from './outputs.js';
import { BatchError, failure } from './thrown.js';

/** What SpiderMonkey throws then. */
const OUT_OF_MEMORY = 'out of memory';
/** What `patience` rejects with. */
export const UNSETTLED = new BatchError('unsettled', 'nothing is left that could settle the promise of `transform`');

const { parse } = JSON;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The number of the record that is being worked on, -1 between batches. */
export let origin = -1;

/** The same, counted over all batches: by it a record knows whether it is the one. */
export let turn = 0;
/** The batch, and where the record starts and ends in its buffer. */
let batch = null;
let buffer = null;
let start = 0;
let end = 0;
/** What the record is the JSON of, once that was asked for. */
let json;
/** Whether the author's function is known to return promises. */
let isAsync = false;

/**
 * What a record can do. A record is an object with this as its prototype and its turn, for the sake of speed: see
 * `outputs.js`. A constructor would cost three times as much, and so would a private member.
 */
const RECORD = {
  /** Its bytes. */
  get payload() {
    if (this._turn !== turn) throw late();
    return new Uint8Array(buffer, start, end - start);
  },

  /** When it arrived, in milliseconds since 1970. */
  get arrivalMs() {
    if (this._turn !== turn) throw late();
    return Number(batch.arrivalMs[origin]);
  },

  /** Its bytes as text. */
  text() {
    return decode(this.payload, 'the record');
  },

  /** The value that it is the JSON of; the same value at every call. */
  json() {
    if (this._turn !== turn) throw late();
    if (json === undefined) {
      try {
        json = parse(strict.decode(new Uint8Array(buffer, start, end - start)));
      } catch (error) {
        throw new Failure('not-json', `the record is not JSON: ${whyNotJson(error)}`);
      }
    }
    return json;
  },

  /** The same, when it is to be an object. */
  object() {
    if (this._turn !== turn) throw late();
    if (json === undefined) {
      try {
        json = parse(strict.decode(new Uint8Array(buffer, start, end - start)));
      } catch (error) {
        whyNotJson(error);
        throw notAnObject();
      }
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw notAnObject();
    return json;
  },

  /** Its value in the column `name`: bytes. */
  column(name) {
    if (this._turn !== turn) throw late();
    const column = batch.columns.find((column) => column.name === name);
    return column && valueAt(column, origin);
  },

  /** Its value in the column `name`: text. */
  columnText(name) {
    const value = this.column(name);
    return value && decode(value, `column \`${name}\``);
  },
};

/**
 * Transforms a batch with the author's function: the outcomes, or a promise of them when the function returns one.
 * `patience` turns a promise into one that does not stay open for ever.
 */
export function run(records, transform, params, patience) {
  batch = records;
  buffer = records.payload.buffer;
  startOutputs();
  const failed = [];
  const promise = runFrom(0, transform, params, failed);
  return promise === undefined ? finish(failed) : settle(promise, transform, params, failed, patience);
}

/** Runs the records from this one on, until one returns a promise: no other pays for one. */
function runFrom(first, transform, params, failed) {
  const { ends } = batch;
  const base = batch.payload.byteOffset;
  const records = ends.length;
  end = base + (first === 0 ? 0 : ends[first - 1]);
  for (let row = first; row < records; row++) {
    origin = row;
    start = end;
    end = base + ends[row];
    json = undefined;
    try {
      const returned = transform({ __proto__: RECORD, _turn: ++turn }, params, isAsync ? ownOut() : out);
      if (returned !== undefined && typeof returned?.then === 'function') {
        isAsync = true;
        return returned;
      }
    } catch (thrown) {
      fail(thrown, failed);
    }
    if (isDropped) dropRecord();
  }
  return undefined;
}

async function settle(promise, transform, params, failed, patience) {
  while (promise !== undefined) {
    try {
      await patience(promise);
    } catch (thrown) {
      fail(thrown, failed);
    }
    if (isDropped) dropRecord();
    promise = runFrom(origin + 1, transform, params, failed);
  }
  return finish(failed);
}

function fail(thrown, failed) {
  // Neighbours would feel these two, too: the host runs each record by itself.
  if (thrown === UNSETTLED) throw thrown;
  if (thrown === OUT_OF_MEMORY) {
    throw new BatchError('uncaught', 'out of memory: hold less of a record at once, or raise the limit `memory`');
  }
  withdraw();
  failed.push({ index: origin, ...failure(thrown) });
}

function finish(failed) {
  origin = -1;
  turn++;
  return { ...finishOutputs(batch.columns), failed };
}

/** Bytes that are no UTF-8 fail: replaced by U+FFFD they would be lost without a word. */
function decode(bytes, what) {
  try {
    return strict.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Failure('not-utf8', `${what} is not UTF-8`);
  }
}

/** Any other error, such as one for lack of memory, says nothing about the record: it is thrown on. */
function whyNotJson(error) {
  if (error instanceof SyntaxError) return error.message;
  if (error instanceof TypeError) return 'it is not UTF-8';
  throw error;
}

function notAnObject() {
  return new Failure('not-json', 'the record is not a JSON object');
}

function late() {
  return new Error('the record was read after it was done: keep what it holds, or `await` whatever reads it');
}
