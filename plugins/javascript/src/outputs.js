import { Columns } from './column.js';
import { grown, kind } from './helpers.js';
import { origin, turn } from './records.js';

/** A buffer larger than this is not kept for the next batch. */
const KEPT_BYTES = 4 << 20;
const FIRST_BYTES = 1 << 16;

const encoder = new TextEncoder();

/**
 * The outputs of a batch, laid end to end; the buffers serve one batch after another.
 *
 * There is one batch at a time, so all of this is variables of the module: the engine interprets, and finds a variable
 * six times as fast as a member of an object. A call takes it longer than a short output, hence the long `emit`.
 */
let payload = new Uint8Array(FIRST_BYTES);
let buffer = payload.buffer;
let capacity = FIRST_BYTES;
let size = 0;
let ends = new Uint32Array(1024);
let origins = new Uint32Array(1024);
let rowsOfRoom = 1024;
let rows = 0;
let columns = new Columns();
let dropped = [];
/** Whether `out` may be used. */
let open = false;

/** Whether the record is to be dropped. */
export let isDropped = false;

/** What the author's function gets as `out`, as long as one record is done when the next one comes. */
export const out = {
  emit(output, values) {
    if (!open) throw late('emit');
    if (typeof output === 'string') {
      const { length } = output;
      if (capacity - size < length) grow(length);
      let done = encoder.encodeInto(output, new Uint8Array(buffer, size));
      if (done.read < length) {
        grow(3 * length);
        done = encoder.encodeInto(output, new Uint8Array(buffer, size));
      }
      size += done.written;
    } else if (output instanceof Uint8Array) {
      if (capacity - size < output.length) grow(output.length);
      payload.set(output, size);
      size += output.length;
    } else {
      throw new TypeError(`an output is a string or a Uint8Array, not ${kind(output)}`);
    }
    if (rows === rowsOfRoom) growRows();
    ends[rows] = size;
    origins[rows++] = origin;
    if (values !== undefined) columns.set(rows - 1, values);
  },

  drop() {
    if (!open) throw late('drop');
    isDropped = true;
  },
};

/** An `out` for this record alone: a promise may go on when its record is long done. */
export function ownOut() {
  const mine = turn;
  const use = (method) => (...values) => {
    if (mine !== turn) throw late(method);
    open = true;
    try {
      out[method](...values);
    } finally {
      open = false;
    }
  };
  open = false;
  return { emit: use('emit'), drop: use('drop') };
}

/** Turns to a new batch. */
export function startOutputs() {
  if (capacity > KEPT_BYTES) {
    payload = new Uint8Array(FIRST_BYTES);
    buffer = payload.buffer;
    capacity = FIRST_BYTES;
  }
  size = rows = 0;
  columns = new Columns();
  dropped = [];
  open = true;
}

/** Takes back what the record emitted. */
export function withdraw() {
  while (rows > 0 && origins[rows - 1] === origin) rows--;
  size = rows === 0 ? 0 : ends[rows - 1];
  columns.truncate(rows);
  isDropped = false;
}

/** Leaves the record out. */
export function dropRecord() {
  withdraw();
  dropped.push(origin);
}

/** The batch is done: its outputs as the contract has them. `inputs` are the columns of its records. */
export function finishOutputs(inputs) {
  open = false;
  const from = origins.subarray(0, rows);
  return {
    payload: payload.subarray(0, size),
    ends: ends.subarray(0, rows),
    origins: from,
    columns: columns.finish(from, inputs),
    dropped: new Uint32Array(dropped),
  };
}

function grow(bytes) {
  payload = grown(payload, size + bytes);
  buffer = payload.buffer;
  capacity = payload.length;
}

function growRows() {
  ends = grown(ends, 0);
  origins = grown(origins, 0);
  rowsOfRoom = ends.length;
}

function late(method) {
  return new Error(`\`out.${method}\` came after its record was done: \`await\` whatever leads to it`);
}
