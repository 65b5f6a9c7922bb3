import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { sha256 } from './sha256.js';

const known = (text) => createHash('sha256').update(text, 'utf8').digest('hex');

test('what the standard gives', () => {
  assert.equal(sha256(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('every length around the ends of blocks', () => {
  for (let length = 0; length < 300; length++) {
    const text = 'x'.repeat(length);
    assert.equal(sha256(text), known(text), `${length} bytes`);
  }
});

test('many texts, also beyond ASCII', () => {
  let seed = 7;
  const next = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let i = 0; i < 500; i++) {
    const point = () => [next(0x80), next(0xd800), 0x10000 + next(0x100000)][next(3)];
    const text = String.fromCodePoint(...Array.from({ length: next(100) }, point));
    assert.equal(sha256(text), known(text), JSON.stringify(text));
  }
});

test('a long text', () => {
  const text = 'grüße 😀 '.repeat(100_000);
  assert.equal(sha256(text), known(text));
});
