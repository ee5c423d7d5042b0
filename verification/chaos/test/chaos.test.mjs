import assert from 'node:assert/strict';
import test from 'node:test';
import { judge, drawCalls, runCalls } from '../chaos.mjs';
import { ranges } from '../record.mjs';
import { ReferenceServer } from './reference-server.mjs';

async function run(t, fault, count = 40, options = {}) {
  const server = await new ReferenceServer(fault).listen();
  t.after(() => server.close());
  const calls = drawCalls(count, 1).map((call) => ({ ...call, intervalMs: call.intervalMs % 2 }));
  const outcome = await runCalls({
    url: server.url, calls, seed: 1, concurrency: 16, callLimit: fault ? 5000 : 60_000, deadline: Date.now() + 120_000,
    ...options,
  });
  return { ...outcome, ...judge(outcome.records) };
}

test('finds nothing wrong with a server that is right', async (t) => {
  const { counts, lines, records, failures, proxy } = await run(t, undefined);
  assert.deepEqual(counts, {}, lines.join('\n'));
  assert.deepEqual(failures, []);
  assert.equal(records.length, 40);
  assert.ok(records.every(({ primed, results }) => primed && results === 1));
  assert.ok(proxy.cuts > 20 && records.some(({ resumes }) => resumes > 0));
});

for (const [fault, kind] of Object.entries({
  'lose': 'lost', 'repeat': 'twice', 'swap': 'order', 'forget-result': 'result', 'no-priming': 'protocol', 'stay-open': 'protocol',
})) {
  test(`finds the fault "${fault}"`, async (t) => {
    const { counts } = await run(t, fault, 24);
    assert.ok(counts[kind] > 0, JSON.stringify(counts));
  });
}

for (const client of ['ts', 'raw']) {
  test(`finds lost events with the ${client} client`, async (t) => {
    const { records } = await run(t, 'lose', 40);
    assert.ok(judge(records.filter(({ call }) => call.client === client)).counts.lost > 0);
  });
}

test('takes what a balancer answers for a cut, if there is one', async (t) => {
  const { counts, lines, records, failures, unavailable, repeated } = await run(t, 'unavailable', 24, { balanced: true, callLimit: 60_000 });
  assert.deepEqual(counts, {}, lines.join('\n'));
  assert.deepEqual(failures, []);
  assert.equal(records.length, 24);
  assert.ok(unavailable > 0 && repeated > 0);
});

test('finds it refused, if there is none', async (t) => {
  const { counts, failures } = await run(t, 'unavailable', 24);
  assert.ok(counts.protocol > 0 || failures.length > 0);
});

test('lets a call end with the error of a server that died, where servers are killed', async (t) => {
  const { counts, lines, records } = await run(t, 'die', 24, { mortal: true });
  assert.deepEqual(counts, {}, lines.join('\n'));
  for (const client of ['ts', 'raw']) {
    const died = records.filter(({ call, died }) => call.client === client && died);
    assert.ok(died.length > 0 && died.every(({ node }) => node === 'reference'), client);
  }
});

test('finds such an error wrong where none is killed', async (t) => {
  const { counts } = await run(t, 'die', 24);
  assert.ok(counts.foreign > 0, JSON.stringify(counts));
});

test('begins no call after the time to stop', async (t) => {
  const { records, unmade, failures } = await run(t, undefined, 10_000, { stopAt: Date.now() + 500 });
  assert.deepEqual(failures, []);
  assert.ok(records.length > 0 && records.every(({ results }) => results === 1));
  assert.equal(records.length + unmade, 10_000);
});

test('names what was lost by its ranges', () => {
  assert.equal(ranges([1, 2, 3, 7, 9, 10]), '1-3 7 9-10');
});
