import { ABSENT, valueAt } from './src/column.js';
import { LEVELS, connect, flush, start } from './src/host.js';
import { run as runBatch } from './src/records.js';
import { hidden } from './src/thrown.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const levels = [...LEVELS.keys()];

hidden.push(import.meta.url, new URL('src/', import.meta.url).href);

/** One run at a time: the SDK works on one batch, as in an instance. */
let before = Promise.resolve();

export function run(plugin, records, options = {}) {
  const turn = before.then(() => runAlone(plugin, records, options));
  before = turn.catch(() => {});
  return turn;
}

async function runAlone(plugin, records, { params = {}, arrivalMs = 0, columns = {}, context = { host: 'test' } }) {
  const { transform, init } = typeof plugin === 'function' ? { transform: plugin } : plugin;
  const logs = [];
  const counts = {};
  connect({
    at() {},
    log: (level, message) => logs.push({ level: levels[level], message }),
    count: (metric, value) => (counts[metric] = Number(value)),
  });
  start();
  try {
    const settings = (await init?.(structuredClone(params), context)) ?? structuredClone(params);
    const batch = {
      ...laid(records),
      arrivalMs: BigUint64Array.from(records, (_, row) => BigInt(arrivalMs[row] ?? arrivalMs)),
      columns: Object.entries(columns).map(([name, values]) => column(name, values)),
    };
    const outcomes = await runBatch(batch, transform, settings, (promise) => promise);
    flush();
    return { ...results(outcomes, batch, records.length), logs, counts };
  } finally {
    connect(null);
  }
}

function results(outcomes, batch, records) {
  const outputs = Array.from(outcomes.ends, (end, row) => {
    const payload = outcomes.payload.slice(row === 0 ? 0 : outcomes.ends[row - 1], end);
    const origin = outcomes.origins[row];
    return { origin, payload, text: decoder.decode(payload), columns: columnsOf(row, origin, outcomes, batch) };
  });
  const dropped = [...outcomes.dropped];
  const failed = outcomes.failed.map(({ index, code, message }) => {
    const [first, ...stack] = message.split('\n');
    return { index, code, message: first, stack: stack.join('\n') };
  });
  for (let record = 0; record < records; record++) {
    const known = outputs.some(({ origin }) => origin === record) || dropped.includes(record);
    if (known || failed.some(({ index }) => index === record)) continue;
    throw new Error(`record ${record} was neither emitted nor dropped, and did not fail`);
  }
  return { outputs, dropped, failed };
}

/** The host's rule: a column that comes back replaces the inherited one of that name, also where it is absent. */
function columnsOf(row, origin, outcomes, batch) {
  const own = new Set(outcomes.columns.map(({ name }) => name));
  const inherited = batch.columns.filter(({ name }) => !own.has(name)).map((column) => [column, origin]);
  const all = [...inherited, ...outcomes.columns.map((column) => [column, row])];
  const values = all.map(([column, row]) => [column.name, valueAt(column, row)]);
  return Object.fromEntries(
    values.filter(([, value]) => value !== undefined).map(([name, value]) => [name, decoder.decode(value)]),
  );
}

/** Payloads laid end to end. */
function laid(payloads) {
  const bytes = payloads.map((payload) => (typeof payload === 'string' ? encoder.encode(payload) : payload));
  const ends = new Uint32Array(bytes.length);
  bytes.reduce((size, { length }, row) => (ends[row] = size + length), 0);
  const payload = new Uint8Array(ends.at(-1) ?? 0);
  bytes.forEach((one, row) => payload.set(one, ends[row] - one.length));
  return { payload, ends };
}

function column(name, values) {
  const present = values.filter((value) => value !== undefined);
  const { payload, ends } = laid(present);
  let number = 0;
  const index = Uint32Array.from(values, (value) => (value === undefined ? ABSENT : number++));
  return { name, values: payload, ends, index };
}
