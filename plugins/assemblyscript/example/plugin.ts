// Gives each object a zone: the example that is the same plugin in every language.

import { Level, Outcome, Record, count, log } from "./each";
import { JsonObject, elements, unquote } from "./json";

let zones: string[] = [];

/** Answers what is wrong with the params, if anything is. */
export function init(params: ArrayBuffer): string | null {
  const object = JsonObject.parse(params);
  const value = object ? object.get("zones") : null;
  const list = value ? elements(String.UTF8.encode(value)) : null;
  if (!list || !list.length) return "`zones` has no zone";
  for (let i = 0; i < list.length; i++) if (!list[i].startsWith('"')) return "`zones` has something that is no string";
  zones = list;
  return null;
}

export function transform(record: Record, out: Outcome): void {
  const object = JsonObject.parse(record.payload);
  if (!object) return out.fail("not-json", "the record is not a JSON object");
  const kind = object.get("kind");
  if (kind == '"debug"') {
    count("dropped", 1);
    return out.drop();
  }
  if (kind == '"corrupt"') return out.fail("corrupt", "kind `corrupt` is refused");
  const global = kind == '"global"';
  if (global) log(Level.Debug, "global record");

  const outputs = global ? zones.length : 1;
  for (let i = 0; i < outputs; i++) {
    const columns = new Map<string, string>();
    columns.set("zone", unquote(zones[i]));
    out.emit(object.with("zone", zones[i]), columns);
  }
  count("emitted", outputs);
}
