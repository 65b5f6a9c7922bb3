import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run } from 'standpipe/testing';

import * as plugin from './plugin.js';

const params = { zones: ['eu', 'us'] };

test('a record goes to the first zone', async () => {
  const { outputs, counts } = await run(plugin, ['{"kind":"click"}'], { params });
  assert.equal(outputs[0].text, '{"kind":"click","zone":"eu"}');
  assert.deepEqual(outputs[0].columns, { zone: 'eu' });
  assert.deepEqual(counts, { emitted: 1 });
});

test('a global record goes to each', async () => {
  const { outputs, logs } = await run(plugin, ['{"kind":"global"}'], { params });
  assert.deepEqual(outputs.map(({ columns }) => columns.zone), ['eu', 'us']);
  assert.deepEqual(logs, [{ level: 'debug', message: 'global record' }]);
});

test('a debug record is dropped; what is no object, and what is corrupt, fails', async () => {
  const { dropped, failed } = await run(plugin, ['{"kind":"debug"}', '[1]', '{"kind":"corrupt"}'], { params });
  assert.deepEqual(dropped, [0]);
  assert.deepEqual(failed.map(({ code }) => code), ['not-json', 'corrupt']);
});
