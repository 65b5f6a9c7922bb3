// Parses a JSON object, adds a member, prints it. Interface `batch`, as much of it as this needs: no columns, no params.

import { JsonObject } from "../../../../plugins/assemblyscript/example/json";

@external("standpipe:transform/host@0.1.0", "log")
declare function log(level: u32, text: usize, length: usize): void;

export function onAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  const text = String.UTF8.encode(`${message ? message : "abort"} at ${file ? file : "?"}:${line}:${column}`);
  log(4, changetype<usize>(text), text.byteLength);
  unreachable();
}

/** `result<outcomes, error>`: a tag, and pointer and length of six lists. */
const area = memory.data(52, 4);

let payload = new ArrayBuffer(1 << 16);
let used = 0;

export function realloc(old: usize, oldLength: usize, align: usize, length: usize): usize {
  return length ? __new(length, idof<ArrayBuffer>()) : align;
}

export function start(params: usize, paramsLength: usize, context: usize, contextLength: usize): usize {
  store<u32>(area, 0);
  return area;
}

export function batch(
  records: usize, length: usize, places: usize, count: i32, arrivals: usize, arrivalsLength: i32, columns: usize, columnsLength: i32,
): usize {
  const ends = new Array<u32>();
  const origins = new Array<u32>();
  const failed = new Array<u32>();
  const code = String.UTF8.encode("not-json");
  const message = String.UTF8.encode("the record is not a JSON object");
  used = 0;
  let begin: usize = 0;
  for (let i = 0; i < count; i++) {
    const end: usize = load<u32>(places + (i << 2));
    // A copy: `parse` takes an `ArrayBuffer`.
    const record = new ArrayBuffer(<i32>(end - begin));
    memory.copy(changetype<usize>(record), records + begin, end - begin);
    begin = end;
    const object = JsonObject.parse(record);
    if (object) {
      append(object.with("seen", "true"));
      ends.push(used);
      origins.push(i);
    } else {
      failed.push(i);
      failed.push(<u32>changetype<usize>(code));
      failed.push(code.byteLength);
      failed.push(<u32>changetype<usize>(message));
      failed.push(message.byteLength);
    }
  }
  memory.fill(area, 0, 52);
  list(4, changetype<usize>(payload), used);
  list(12, ends.dataStart, ends.length);
  list(20, origins.dataStart, origins.length);
  // No columns, none dropped; an empty list, too, has to point into memory.
  list(28, area, 0);
  list(36, area, 0);
  list(44, failed.dataStart, failed.length / 5);
  return area;
}

function list(at: usize, items: usize, length: i32): void {
  store<u32>(area + at, items);
  store<u32>(area + at, length, 4);
}

function append(output: ArrayBuffer): void {
  const wanted = used + output.byteLength;
  if (wanted > payload.byteLength) {
    const larger = new ArrayBuffer(wanted * 2);
    memory.copy(changetype<usize>(larger), changetype<usize>(payload), used);
    payload = larger;
  }
  memory.copy(changetype<usize>(payload) + used, changetype<usize>(output), output.byteLength);
  used = wanted;
}

export function done(answer: usize): void {
  __collect();
}
