import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { run } from 'standpipe/testing';

import * as plugin from './plugin.js';

/** The only output for `value`. */
async function redacted(value, params) {
  const { outputs, failed } = await run(plugin, [JSON.stringify(value)], { params });
  assert.deepEqual(failed, []);
  return outputs[0].text;
}

const refusal = (fields) => run(plugin, ['{}'], { params: { fields } }).then(() => undefined, (error) => error);

test('the modes', async () => {
  const event = { user: { email: 'ann@example.com', id: 7 } };
  const fields = ['user.email'];
  const hash = createHash('sha256').update('s"ann@example.com"').digest('hex');
  assert.equal(await redacted(event, { fields }), '{"user":{"email":"[redacted]","id":7}}');
  assert.equal(await redacted(event, { fields, with: '' }), '{"user":{"email":"","id":7}}');
  assert.equal(await redacted(event, { fields, mode: 'remove' }), '{"user":{"id":7}}');
  assert.equal(await redacted(event, { fields, mode: 'hash', salt: 's' }), `{"user":{"email":"${hash}","id":7}}`);
});

test('what is not JSON fails, what is neither object nor array passes as it came', async () => {
  const records = ['{"a":', ' 1.0 ', new Uint8Array([0x22, 0xff, 0x22])];
  const { outputs, failed } = await run(plugin, records, { params: { fields: ['a'] } });
  assert.deepEqual(failed.map(({ index, code }) => [index, code]), [[0, 'not-json'], [2, 'not-json']]);
  assert.deepEqual(outputs.map(({ text }) => text), [' 1.0 ']);
});

test('a path that is none is refused', async () => {
  for (const field of ['', '.', '.a', 'a.', 'a..b', 'a*', '**', '*b.c', 'a\\', 'a\\b', '\\']) {
    const error = await refusal(['fine', field]);
    assert.equal(error?.code, 'bad-params', field);
    assert.ok(error.message.includes(`\`${field}\``), error.message);
  }
});

test('fields that overlap in ever more ways are refused', async () => {
  const length = 16;
  const star = (at) => Array.from({ length }, (_, i) => (i === at ? 'x' : '*')).join('.');
  const error = await refusal(Array.from({ length }, (_, at) => star(at)));
  assert.equal(error?.code, 'bad-params');
});

test('thousands of fields, and one of a thousand parts', async () => {
  const fields = [...Array.from({ length: 5000 }, (_, i) => `f${i}`), Array(1000).fill('a').join('.')];
  const text = await redacted({ f4999: 1, f5000: 2, a: { a: 3 } }, { fields });
  assert.equal(text, '{"f4999":"[redacted]","f5000":2,"a":{"a":3}}');
});

test('what is nested too deeply fails by itself, and may lie within what is replaced', async () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const { outputs, failed } = await run(plugin, [deep, `{"a":${deep}}`, '{"b":1}'], { params: { fields: ['a'] } });
  assert.deepEqual(failed.map(({ index, code }) => [index, code]), [[0, 'too-deep']]);
  assert.deepEqual(outputs.map(({ text }) => text), ['{"a":"[redacted]"}', '{"b":1}']);
});

test('no prototype is touched', async () => {
  const fields = ['__proto__.polluted', 'constructor.prototype.polluted', '*.__proto__'];
  const record = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":[1],"b":{"__proto__":2}}';
  const { outputs } = await run(plugin, ['{"a":[1],"b":{}}', record], { params: { fields, with: 'x' } });
  assert.deepEqual(outputs.map(({ text }) => text), [
    '{"a":[1],"b":{}}',
    '{"__proto__":{"polluted":"x"},"constructor":{"prototype":{"polluted":"x"}},"a":[1],"b":{"__proto__":"x"}}',
  ]);
  assert.equal({}.polluted, undefined);
});
