/** Gives every record back, but for a few payloads that try to take the instance down. */
export function transform(record, _params, out) {
  const payload = record.text();
  if (!Object.hasOwn(HARM, payload)) return out.emit(payload);
  return HARM[payload](out);
}

const kept = [];

const HARM = {
  loop() {
    for (;;);
  },

  hog() {
    const held = [];
    for (;;) held.push(new Uint8Array(1 << 20));
  },

  /** Like `hog`, but what it holds outlives the record. */
  keep() {
    for (;;) kept.push(new Uint8Array(1 << 20));
  },

  /** Like `hog`, with many small things. */
  litter() {
    const held = [];
    for (;;) held.push([held.length]);
  },

  deep(out) {
    return HARM.deep(out) + 1;
  },

  throw() {
    throw new Error('boom at throw');
  },

  /** What is thrown need not be an error. */
  'throw-null': () => {
    throw null;
  },

  'throw-trap': () => {
    throw new Proxy({}, { get: () => HARM.throw(), getPrototypeOf: () => HARM.throw(), ownKeys: () => HARM.throw() });
  },

  async reject() {
    await null;
    throw new Error('boom at reject');
  },

  async never() {
    await new Promise(() => {});
  },

  /** Nobody waits for this one. */
  stray(out) {
    Promise.reject(new Error('boom at stray'));
    out.emit('stray');
  },

  /** The promise goes on when its record is done. */
  late(out) {
    out.emit('late');
    Promise.resolve().then(() => out.emit('too late'));
  },

  exit() {
    process.exit(3);
  },

  fetch() {
    return fetch('http://127.0.0.1/');
  },

  huge(out) {
    const piece = 'x'.repeat(1 << 20);
    for (let i = 0; i < 64; i++) out.emit(piece);
  },
};
