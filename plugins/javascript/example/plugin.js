import { Failure, count, log } from 'standpipe';

/** Events go to a zone: to the first one, or to each when they are global. */
export function transform(record, { zones }, out) {
  const event = record.object();
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
      emit(event, zones[0], out);
  }
}

function emit(event, zone, out) {
  out.emit(JSON.stringify({ ...event, zone }), { zone });
  count('emitted');
}
