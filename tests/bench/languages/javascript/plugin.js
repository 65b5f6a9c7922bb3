export function transform(record, _params, out) {
  const value = record.object();
  value.seen = true;
  out.emit(JSON.stringify(value));
}
