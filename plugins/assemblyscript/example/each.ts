// What a plugin sees of interface `each` of Standpipe's contract, and how its answer lies in memory.

@external("standpipe:transform/host@0.1.0", "log")
declare function hostLog(level: u32, text: usize, length: usize): void;

@external("standpipe:transform/host@0.1.0", "count")
declare function hostCount(metric: usize, length: usize, value: u64): void;

export enum Level { Trace, Debug, Info, Warn, Error }

export function log(level: Level, message: string): void {
  const text = utf8(message);
  hostLog(level, changetype<usize>(text), text.byteLength);
}

export function count(metric: string, value: u64): void {
  const name = utf8(metric);
  hostCount(changetype<usize>(name), name.byteLength, value);
}

/** A trap says nothing, so the message is logged first: `"use": ["abort=each/onAbort"]` in `asconfig.json`. */
export function onAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  log(Level.Error, `${message ? message : "abort"} at ${file ? file : "?"}:${line}:${column}`);
  unreachable();
}

export class Record {
  constructor(public payload: ArrayBuffer, public arrivalMs: u64, private columns: usize, private length: usize) {}

  /** A column that `plugin.json` asks for, if the record has it. */
  column(name: string): ArrayBuffer | null {
    for (let i: usize = 0; i < this.length; i++) {
      const at = this.columns + i * 16;
      const found = String.UTF8.decodeUnsafe(load<usize>(at), load<usize>(at, 4));
      if (found == name) return passed(load<usize>(at, 8), load<usize>(at, 12));
    }
    return null;
  }
}

/** What became of a record, in the words that the contract has for it. */
export class Outcome {
  private outputs: Array<u32> = [];
  private tag: u32 = 0;
  private failure: StaticArray<u32> | null = null;

  /** Adds an output. */
  emit(payload: ArrayBuffer, columns: Map<string, string> | null = null): void {
    const pairs = new Array<u32>();
    if (columns) {
      const names = columns.keys();
      const values = columns.values();
      for (let i = 0; i < names.length; i++) {
        words(pairs, utf8(names[i]));
        words(pairs, utf8(values[i]));
      }
    }
    words(this.outputs, payload);
    this.outputs.push(<u32>pairs.dataStart);
    this.outputs.push(pairs.length >> 2);
  }

  drop(): void {
    this.tag = 1;
  }

  fail(code: string, message: string): void {
    this.tag = 2;
    this.failure = failure(code, message);
  }

  write(): usize {
    store<u32>(area, 0);
    store<u32>(area, this.tag, 4);
    if (this.failure) {
      memory.copy(area + 8, changetype<usize>(this.failure), 16);
    } else {
      store<u32>(area, <u32>this.outputs.dataStart, 8);
      store<u32>(area, this.outputs.length >> 2, 12);
    }
    return area;
  }
}

/** Bytes that the host laid into memory that `realloc` gave it. */
export function passed(at: usize, length: usize): ArrayBuffer {
  return length ? changetype<ArrayBuffer>(at) : new ArrayBuffer(0);
}

/** `result<verdict, error>`: six words. */
export const area = memory.data(24, 4);

function words(list: Array<u32>, bytes: ArrayBuffer): void {
  list.push(<u32>changetype<usize>(bytes));
  list.push(bytes.byteLength);
}

export function failure(code: string, message: string): StaticArray<u32> {
  const list = new Array<u32>();
  words(list, utf8(code));
  words(list, utf8(message));
  return StaticArray.fromArray(list);
}

/** The host takes nothing but UTF-8, and a string may have half a character in it. */
function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
}
