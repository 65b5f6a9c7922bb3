import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Failure } from 'standpipe';
import { run } from 'standpipe/testing';

import { lineTable } from '../builder/lines.mjs';
import { describe } from '../src/thrown.js';

async function thrown(what) {
  const { failed } = await run(() => {
    throw what;
  }, ['x']);
  return failed[0];
}

test('an error has a message of one line and the author’s part of the stack', async () => {
  const { code, message, stack } = await thrown(new RangeError('too\n  long'));
  assert.deepEqual([code, message], ['uncaught', 'RangeError: too long']);
  assert.match(stack, /^ {4}at .*thrown\.test\.js:\d+:\d+/);
  assert.doesNotMatch(stack, /plugins\/javascript\/src|node:internal/);
});

test('a failure has no stack', async () => {
  const { code, message, stack } = await thrown(new Failure('bad', 'no'));
  assert.deepEqual([code, message, stack], ['bad', 'no', '']);
});

test('causes are told', async () => {
  const { stack } = await thrown(new Error('outer', { cause: new TypeError('inner', { cause: 'words' }) }));
  assert.match(stack, /\ncaused by: TypeError: inner\n {4}at .*\ncaused by: words$/s);
  const round = new Error('round');
  round.cause = round;
  assert.equal(describe(round).match(/caused by/g).length, 4);
});

test('anything may be thrown', async () => {
  const boom = () => {
    throw new Error('boom');
  };
  const proxy = new Proxy({}, { get: boom, getPrototypeOf: boom, ownKeys: boom });
  const round = {};
  round.round = round;
  for (const [what, said] of [
    ['words', 'words'],
    [null, 'null was thrown'],
    [undefined, 'undefined was thrown'],
    [7n, '7 was thrown'],
    [Symbol('s'), 'Symbol(s) was thrown'],
    [{ a: 1 }, '{"a":1} was thrown'],
    [round, 'something was thrown that cannot be described'],
    [proxy, 'something was thrown that cannot be described'],
  ]) {
    const { code, message, stack } = await thrown(what);
    assert.deepEqual([code, message, stack], ['uncaught', said, '']);
  }
});

test('frames of the engine are told in the author’s files and lines', () => {
  // Line 1 of the bundle is the SDK's, line 2 is lines 3 and 4 of a.js from column 0 and 6 on.
  const map = { version: 3, sources: ['../sdk/src/x.js', '../a.js'], mappings: 'AAAA;ACEA,MACA' };
  const table = lineTable(JSON.stringify(map), '/p/build', '/p', '/p/sdk');
  assert.deepEqual(table, { files: [null, 'a.js'], lines: [0, [0, 1, 3, 6, 1, 4]] });
  globalThis[Symbol.for('standpipe.lines')] = table;
  const error = new Error('boom');
  const frames = ['a/b/<@bundle.js:2:6', 'transform@bundle.js:2:1', 'runFrom@bundle.js:1:9', 'x@/tmp/y.js:9:9'];
  error.stack = [...frames, 'async*transform@bundle.js:2:1', '@bundle.js:2:1', ''].join('\n');
  try {
    assert.deepEqual(describe(error).split('\n'), [
      'Error: boom',
      '    at a/b (a.js:4)',
      '    at transform (a.js:3)',
      '    at async transform (a.js:3)',
      '    at a.js:3',
    ]);
    error.stack = 'f@bundle.js:2:1\n'.repeat(40);
    assert.deepEqual(describe(error).split('\n').slice(16), ['    at f (a.js:3)', '    and 24 more']);
  } finally {
    delete globalThis[Symbol.for('standpipe.lines')];
  }
});
