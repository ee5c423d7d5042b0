import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { readRequests, spread } from '../../cluster/cluster.mjs';
import { keysOf } from '../../cluster/delete.mjs';
import { countUnderWay, judgeDeaths, restartInTurn } from '../../cluster/restarts.mjs';

const NODES = [{ name: 'node1' }, { name: 'node2' }];

function record(node, startedAt, endedAt, diedAt) {
  return { call: { name: 'call' }, node, startedAt, endedAt, died: diedAt && { at: diedAt, message: 'gone' } };
}

test('reads from the log of the balancer who answered', () => {
  const requests = readRequests('Server nodes/node1 is UP\nrequest - node1 POST 200\nrequest a <NOSRV> GET 503\nrequest a node2 GET -1\n');
  assert.deepEqual(requests, [
    { session: '-', node: 'node1', method: 'POST', status: 200 },
    { session: 'a', node: '<NOSRV>', method: 'GET', status: 503 },
    { session: 'a', node: 'node2', method: 'GET', status: -1 },
  ]);
});

test('counts how often the next request of a session went to another server', () => {
  const requests = [['-', 1], ['a', 1], ['b', 1], ['a', 2], ['b', 1], ['a', 1]].map(([session, number]) => ({ session, node: `node${number}` }));
  const { counts, pairs, moves } = spread([...requests, { session: 'a', node: '<NOSRV>' }], NODES);
  assert.deepEqual([...counts], [['node1', 5], ['node2', 1]]);
  assert.deepEqual({ pairs, moves }, { pairs: 3, moves: 2 });
});

test('accepts the end of a call whose server was killed, in time', () => {
  const kills = [{ node: 'node1', at: 1000 }, { node: 'node1', at: 40_000 }];
  const { died, lines, delays } = judgeDeaths([
    record('node1', 900, 9000, 9000), record('node1', 39_000, 41_000, 41_000), record('node2', 900, 2000),
  ], kills, 15_000);
  assert.deepEqual({ died, lines, delays }, { died: 2, lines: [], delays: [1000, 8000] });
});

for (const [text, one] of Object.entries({
  'a call on a server that survived': record('node2', 900, 9000, 9000),
  'a call that began after the kill': record('node1', 1100, 9000, 9000),
  'an end before the kill': record('node1', 100, 900, 900),
  'an end that came too late': record('node1', 900, 17_000, 17_000),
})) {
  test(`finds fault with the death of ${text}`, () => {
    assert.equal(judgeDeaths([one], [{ node: 'node1', at: 1000 }], 15_000).lines.length, 1);
  });
}

test('counts the calls that were under way on the server that was killed', () => {
  const records = [record('node1', 900, 1100), record('node2', 900, 1100), record('node1', 100, 900), record('node1', 1100, 1200)];
  assert.equal(countUnderWay(records, [{ node: 'node1', at: 1000 }]), 1);
});

test('stops one server after the other, the next one when the last is back', async () => {
  const seen = [];
  const cluster = {
    nodes: NODES,
    stopNode: async ({ name }) => seen.push(`stop ${name}`) > 0,
    startNode: async ({ name }) => seen.push(`start ${name}`),
    awaitAllUp: async () => seen.push('up'),
  };
  // Past as soon as both were restarted, however long that took
  const stopAt = { valueOf: () => (seen.length < 6 ? Infinity : 0) };
  const restarts = await restartInTurn({ cluster, signal: 'term', interval: 0, stopAt });
  assert.deepEqual(seen, ['stop node1', 'start node1', 'up', 'stop node2', 'start node2', 'up']);
  assert.deepEqual(restarts.map(({ node, graceful }) => [node, graceful]), [['node1', true], ['node2', true]]);
});

test('finds the keys of sessions, by their hash tag or by anything else', () => {
  const nameOfA = 'ypeBEsobvcr6wjGzmiPcTQ';
  assert.deepEqual(keysOf([`mcp:1:{${nameOfA}}:s`, 'mcp:1:{b}:s', 'mcp:1:nodes', 'other:ccc'], ['a-session', 'a', 'ccc']), [`mcp:1:{${nameOfA}}:s`, 'other:ccc']);
});

test('explains itself, and refuses what it does not know', () => {
  const run = (...args) => spawnSync(process.execPath, [new URL('../../cluster/main.mjs', import.meta.url).pathname, ...args], { encoding: 'utf8' });
  assert.match(run('--help').stdout, /^usage: run MODE/);
  assert.equal(run('nothing').status, 2);
  assert.equal(run('chaos', '--restart', 'gently').status, 2);
});
