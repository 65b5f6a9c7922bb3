import { Failure, count, log, type InputRecord, type Outputs } from 'standpipe';

interface Params {
  zones: string[];
}

interface Event {
  kind?: unknown;
  zone?: string;
}

/** Events go to a zone: to the first one, or to each when they are global. */
export function transform(record: InputRecord, { zones }: Params, out: Outputs): void {
  const event = record.object<Event>();
  switch (event.kind) {
    case 'debug':
      count('dropped');
      out.drop();
      break;
    case 'corrupt':
      throw new Failure('corrupt', 'kind `corrupt` is refused');
    case 'global':
      log('debug', 'global record');
      for (const zone of zones) emit(event, zone, out);
      break;
    default:
      emit(event, zones[0]!, out);
  }
}

function emit(event: Event, zone: string, out: Outputs): void {
  out.emit(JSON.stringify({ ...event, zone }), { zone });
  count('emitted');
}
