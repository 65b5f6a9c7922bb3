// What `tsc --strict` is to accept and, where it says so, to refuse.
import { Failure, count, log, type Context, type Init, type InputRecord, type Outputs, type Transform } from 'standpipe';
import { run, type Outcomes } from 'standpipe/testing';

export const init: Init<{ zones: string[] }, Set<string>> = ({ zones }, context: Context) => {
  if (context.stream === undefined) throw new Failure('bad-params', 'no stream');
  return new Set(zones);
};

export const transform: Transform<Set<string>> = async (record, zones, out) => {
  const { kind } = record.object<{ kind?: string }>();
  const key: string | undefined = record.columnText('key');
  if (kind !== undefined && zones.has(kind)) out.emit(record.payload, { kind, key });
  else out.drop();
  log('info', 'a line');
  count('seen', 2n);
  // @ts-expect-error: it is no level
  log('loud', 'a line');
  // @ts-expect-error: an object is no output
  out.emit({});
  // @ts-expect-error: what is in a record is not known
  record.json().kind;
};

export function plain(record: InputRecord, _params: unknown, out: Outputs): void {
  out.emit(record.text());
}

const outcomes: Promise<Outcomes> = run({ init, transform }, ['x', new Uint8Array()], { params: { zones: [] }, arrivalMs: [1, 2] });
outcomes.then(({ outputs }) => outputs.map(({ columns }) => columns['kind']));
