import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Failure } from 'standpipe';
import { run } from 'standpipe/testing';

const texts = ({ outputs }) => outputs.map(({ text }) => text);

test('outputs are text or bytes, of any length and any script', async () => {
  const long = 'é€𝄞x'.repeat(50_000);
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i);
  const { outputs } = await run((_record, _params, out) => {
    for (const output of ['', long, bytes, 'a', Buffer.from('b')]) out.emit(output);
  }, ['x']);
  assert.deepEqual(outputs.map(({ payload }) => payload.length), [0, Buffer.byteLength(long), 300_000, 1, 1]);
  assert.equal(outputs[1].text, long);
  assert.deepEqual(outputs[2].payload, bytes);
});

test('half a pair of surrogates is replaced, as UTF-8 has no way to say it', async () => {
  const { outputs } = await run((_record, _params, out) => out.emit('a\ud800b'), ['x']);
  assert.equal(outputs[0].text, 'a\ufffdb');
});

test('thousands of outputs of one record', async () => {
  const { outputs } = await run((_record, _params, out) => {
    for (let i = 0; i < 5000; i++) out.emit(String(i));
  }, ['x', 'y']);
  assert.equal(outputs.length, 10_000);
  assert.deepEqual([outputs[4999].text, outputs[5000].text, outputs[5000].origin], ['4999', '0', 1]);
});

test('what a dropped or failed record emitted is taken back', async () => {
  const outcomes = await run((record, _params, out) => {
    out.emit(`1 ${record.text()}`, { key: record.text() });
    out.emit(`2 ${record.text()}`);
    if (record.text() === 'drop') out.drop();
    if (record.text() === 'fail') throw new Failure('no', 'not this one');
    if (record.text() === 'both') {
      out.drop();
      throw new Failure('no', 'not this one');
    }
  }, ['a', 'drop', 'b', 'fail', 'both', 'c']);
  assert.deepEqual(texts(outcomes), ['1 a', '2 a', '1 b', '2 b', '1 c', '2 c']);
  assert.deepEqual(outcomes.outputs.map(({ columns }) => columns.key), ['a', undefined, 'b', undefined, 'c', undefined]);
  assert.deepEqual(outcomes.dropped, [1]);
  assert.deepEqual(outcomes.failed.map(({ index, code }) => [index, code]), [[3, 'no'], [4, 'no']]);
});

test('an output inherits the columns of its record, whatever its neighbours set', async () => {
  const columns = { key: ['k0', 'k1', undefined], other: ['o0', undefined, 'o2'] };
  const { outputs } = await run((record, _params, out) => {
    out.emit(record.payload, record.text() === 'b' ? { key: 'own', none: undefined } : undefined);
  }, ['a', 'b', 'c'], { columns });
  assert.deepEqual(outputs.map(({ columns }) => columns), [{ other: 'o0', key: 'k0' }, { key: 'own' }, { other: 'o2' }]);
});

test('a column whose every value was taken back hides nothing', async () => {
  const { outputs } = await run((record, _params, out) => {
    out.emit('x', record.text() === 'bad' ? { key: 'own' } : undefined);
    if (record.text() === 'bad') out.drop();
  }, ['bad', 'good'], { columns: { key: ['k0', 'k1'] } });
  assert.deepEqual(outputs[0].columns, { key: 'k1' });
});

test('values of columns are text or bytes, and names may be any', async () => {
  const names = ['__proto__', 'constructor', 'schlüssel'];
  const { outputs } = await run((record, _params, out) => {
    const columns = Object.fromEntries(names.map((name) => [name, name]));
    out.emit('', { ...columns, bytes: record.payload });
    out.emit('', { bytes: record.payload });
    out.emit('', { bytes: Uint8Array.of(0x7a), constructor: '' });
  }, ['z', 'yy']);
  for (const name of names) assert.equal(Object.entries(outputs[0].columns).find(([own]) => own === name)?.[1], name);
  assert.deepEqual(outputs.map(({ columns }) => columns.bytes), ['z', 'z', 'z', 'yy', 'yy', 'z']);
  assert.equal(outputs[2].columns.constructor, '');
});

test('anything else is refused, and says so', async () => {
  for (const [output, said] of [
    [undefined, 'an output is a string or a Uint8Array, not undefined'],
    [{}, 'an output is a string or a Uint8Array, not Object'],
    [7, 'an output is a string or a Uint8Array, not a number'],
    [new Uint16Array(1), 'an output is a string or a Uint8Array, not Uint16Array'],
  ]) {
    const { failed } = await run((_record, _params, out) => out.emit(output), ['x']);
    assert.deepEqual([failed[0].code, failed[0].message], ['uncaught', `TypeError: ${said}`]);
  }
  const { failed } = await run((_record, _params, out) => out.emit('x', { key: 7 }), ['x']);
  assert.equal(failed[0].message, 'TypeError: column `key` is a string or a Uint8Array, not a number');
});

test('a record without a word is a mistake', async () => {
  await assert.rejects(run(() => {}, ['x']), /record 0 was neither emitted nor dropped/);
});
