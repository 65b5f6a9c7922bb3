// Interface `each` of Standpipe's contract, by hand: the exports, with `names.mjs` for their names. They call `init`
// and `transform` of `plugin.ts`.
//
// The runtime `minimal` collects garbage only when told to. Nothing is freed during a call, so what the host passes in
// and the answer that it reads need no care; `done` collects between calls.

import { Outcome, Record, area, failure, passed } from "./each";
import { init, transform } from "./plugin";

/** The canonical ABI's allocator. What it gives is an `ArrayBuffer`, so that a payload needs no copy. */
export function realloc(old: usize, oldLength: usize, align: usize, length: usize): usize {
  return length ? __new(length, idof<ArrayBuffer>()) : align;
}

export function start(params: usize, paramsLength: usize, context: usize, contextLength: usize): usize {
  const refused = init(passed(params, paramsLength));
  store<u32>(area, refused ? 1 : 0);
  if (refused) memory.copy(area + 4, changetype<usize>(failure("bad-params", refused)), 16);
  return area;
}

export function each(payload: usize, length: usize, arrivalMs: u64, columns: usize, columnsLength: usize): usize {
  const out = new Outcome();
  transform(new Record(passed(payload, length), arrivalMs, columns, columnsLength), out);
  return out.write();
}

let calls: u32 = 0;
let pages: i32 = 0;

/** Now and then, and always when memory grew. */
export function done(answer: usize): void {
  if (++calls % 64 && memory.size() == pages) return;
  __collect();
  pages = memory.size();
}
