import { grown, kind } from './helpers.js';

/** The value number of a record that has none. */
export const ABSENT = 0xffffffff;

const encoder = new TextEncoder();

/** The columns of the outputs of a batch, by name. */
export class Columns {
  constructor() {
    this.byName = new Map();
  }

  /** Gives output number `row` these values. */
  set(row, values) {
    for (const name of Object.keys(values)) {
      const value = values[name];
      if (value === undefined) continue;
      if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
        throw new TypeError(`column \`${name}\` is a string or a Uint8Array, not ${kind(value)}`);
      }
      let column = this.byName.get(name);
      if (column === undefined) this.byName.set(name, (column = new Column(name)));
      column.set(row, value);
    }
  }

  /** Takes back what lies behind `rows`. */
  truncate(rows) {
    for (const column of this.byName.values()) column.truncate(rows);
  }

  /**
   * As the contract has them. Where an output has no value of its own, one that its record has in an input column of
   * that name stands: what an output inherits must not depend on its neighbours in the batch.
   */
  finish(origins, inputs) {
    const finished = [];
    for (const column of this.byName.values()) {
      // A column whose every value was withdrawn would hide what the outputs inherit.
      if (column.isEmpty()) continue;
      column.pad(origins.length);
      const input = inputs.find((input) => input.name === column.name);
      for (let row = 0; input !== undefined && row < origins.length; row++) {
        const inherited = column.index[row] === ABSENT ? valueAt(input, origins[row]) : undefined;
        if (inherited !== undefined) column.set(row, inherited);
      }
      finished.push(column.finish());
    }
    return finished;
  }
}

/** The value of record or output number `row` in a column as the contract has it, if there is one. */
export function valueAt(column, row) {
  const number = column.index[row];
  if (number === undefined || number === ABSENT) return undefined;
  const start = number === 0 ? 0 : column.ends[number - 1];
  return column.values.subarray(start, column.ends[number]);
}

/** A column of outputs while it is made. */
class Column {
  constructor(name) {
    this.name = name;
    this.values = new Uint8Array(64);
    this.size = 0;
    this.ends = [];
    this.index = [];
    /** Texts that are among the values already, with their numbers. */
    this.texts = new Map();
  }

  /** Gives output number `row` a value. Rows between the last one and this have none. */
  set(row, value) {
    this.pad(row);
    this.index[row] = typeof value === 'string' ? this.text(value) : this.bytes(value);
  }

  /** Adds rows without a value up to `rows`. */
  pad(rows) {
    while (this.index.length < rows) this.index.push(ABSENT);
  }

  /** Takes back what lies behind `rows`. Values stay unused: a later output may have the same. */
  truncate(rows) {
    if (this.index.length > rows) this.index.length = rows;
  }

  isEmpty() {
    return this.index.every((number) => number === ABSENT);
  }

  /** As the contract has it. */
  finish() {
    return {
      name: this.name,
      values: this.values.subarray(0, this.size),
      ends: new Uint32Array(this.ends),
      index: new Uint32Array(this.index),
    };
  }

  text(value) {
    let number = this.texts.get(value);
    if (number === undefined) {
      number = this.append(encoder.encode(value));
      this.texts.set(value, number);
    }
    return number;
  }

  /** Neighbours often share a value: partition keys come in runs. */
  bytes(value) {
    const last = this.ends.length - 1;
    if (last >= 0) {
      const start = last === 0 ? 0 : this.ends[last - 1];
      if (same(this.values.subarray(start, this.size), value)) return last;
    }
    return this.append(value);
  }

  append(bytes) {
    const end = this.size + bytes.length;
    if (end > this.values.length) this.values = grown(this.values, end);
    this.values.set(bytes, this.size);
    this.size = end;
    return this.ends.push(end) - 1;
  }
}

function same(one, other) {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
