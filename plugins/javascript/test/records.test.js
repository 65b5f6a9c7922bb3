import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Failure, count, log } from 'standpipe';
import { run } from 'standpipe/testing';

test('a record has bytes, text, a value, a time and columns', async () => {
  const seen = [];
  await run((record, _params, out) => {
    const { payload, arrivalMs } = record;
    seen.push([payload.length, record.text(), record.json(), arrivalMs, record.columnText('key'), record.column('no')]);
    assert.equal(record.json(), record.json());
    out.drop();
  }, ['{"ä":1}', '[2]'], { arrivalMs: [1, 1_700_000_000_000], columns: { key: ['ß', undefined] } });
  assert.deepEqual(seen, [
    [8, '{"ä":1}', { ä: 1 }, 1, 'ß', undefined],
    [3, '[2]', [2], 1_700_000_000_000, undefined, undefined],
  ]);
});

test('what is no text, no JSON or no object fails by itself', async () => {
  const bad = [Uint8Array.of(0x22, 0xff, 0x22), Uint8Array.of(0xe2, 0x82), '{', '\ufeff{}', '"x"', 'null', '[]', ''];
  const codes = async (read) => {
    const { failed } = await run((record, _params, out) => (read(record), out.drop()), bad);
    return failed.map(({ index, code }) => `${index} ${code}`);
  };
  assert.deepEqual(await codes((record) => record.text()), ['0 not-utf8', '1 not-utf8']);
  const notJson = [0, 1, 2, 3, 7].map((index) => `${index} not-json`);
  assert.deepEqual(await codes((record) => record.json()), notJson);
  assert.deepEqual(await codes((record) => record.object()), bad.map((_, index) => `${index} not-json`));
});

test('promises are waited for, one record after another', async () => {
  const order = [];
  const transform = async (record, _params, out) => {
    order.push(record.text());
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push(record.text());
    if (record.text() === 'bad') throw new Failure('bad', 'no');
    if (record.text() === 'drop') return out.drop();
    out.emit(record.text(), { key: record.text() });
  };
  const { outputs, failed, dropped } = await run(transform, ['a', 'bad', 'drop', 'b']);
  assert.deepEqual(order, ['a', 'a', 'bad', 'bad', 'drop', 'drop', 'b', 'b']);
  assert.deepEqual(outputs.map(({ text, columns }) => [text, columns.key]), [['a', 'a'], ['b', 'b']]);
  assert.deepEqual([failed[0].index, failed[0].code, dropped], [1, 'bad', [2]]);
});

test('a function may return a promise for some records only', async () => {
  const transform = (record, _params, out) => {
    if (record.text() === 'later') return Promise.resolve().then(() => out.emit('later'));
    out.emit('now');
  };
  const { outputs } = await run(transform, ['x', 'later', 'y', 'later', 'z']);
  assert.deepEqual(outputs.map(({ text }) => text), ['now', 'later', 'now', 'later', 'now']);
});

test('a record and its `out` are good for as long as it is being worked on', async () => {
  const late = [];
  const transform = async (record, _params, out) => {
    const text = record.text();
    out.emit(text);
    if (text === 'a') setTimeout(() => {
      for (const use of [() => out.emit('late'), () => out.drop(), () => record.text(), () => record.column('key')]) {
        try {
          use();
        } catch (error) {
          late.push(error.message);
        }
      }
    }, 10);
    await new Promise((resolve) => setTimeout(resolve, text === 'b' ? 40 : 0));
  };
  const { outputs } = await run(transform, ['a', 'b']);
  assert.deepEqual(outputs.map(({ text }) => text), ['a', 'b']);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(late.filter((message) => /came after its record was done/.test(message)).length, 2, late);
  assert.equal(late.filter((message) => /was read after it was done/.test(message)).length, 2, late);
});

test('`init` makes what `transform` gets', async () => {
  const seen = [];
  const plugin = {
    init: async ({ word }, { stream }) => ({ word, stream }),
    transform: (_record, settings, out) => (seen.push(settings), out.drop()),
  };
  await run(plugin, ['x'], { params: { word: 'w' }, context: { stream: 's' } });
  assert.deepEqual(seen, [{ word: 'w', stream: 's' }]);
  const refusing = { ...plugin, init: () => Promise.reject(new Failure('bad-params', 'no')) };
  await assert.rejects(run(refusing, ['x']), { code: 'bad-params', message: 'no' });
});

test('lines and counts reach the host', async () => {
  const { logs, counts } = await run((record, _params, out) => {
    log('warn', `line ${record.text()}`);
    count('seen');
    count('big', 2n ** 53n);
    count('big', 1);
    out.drop();
  }, ['a', 'b']);
  assert.deepEqual(logs, [{ level: 'warn', message: 'line a' }, { level: 'warn', message: 'line b' }]);
  assert.deepEqual(counts, { seen: 2, big: 2 ** 54 + 2 });
  const { failed } = await run(() => count('seen', -1), ['a']);
  assert.equal(failed[0].message, 'TypeError: `seen` counts whole numbers from 0, not `-1`');
  const loud = await run(() => log('loud', 'x'), ['a']);
  assert.match(loud.failed[0].message, /`loud` is no level: it is one of trace, debug/);
});
