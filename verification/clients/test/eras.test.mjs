import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { ERAS, judgeEras } from '../eras.mjs';
import { RoundRobin } from '../round-robin.mjs';

const BLOCKING = 'test_input_required_result_multi_round';

const OUTCOME = {
  tools: ['test_simple_text', 'test_tool_with_progress', BLOCKING],
  calls: [
    { tool: 'test_simple_text', text: 'a simple text' },
    { tool: 'test_tool_with_progress', text: 'done', progress: [0, 50, 100] },
    { tool: BLOCKING, text: 'Ada likes green', questions: 2 },
  ],
};

/** Whether all is well with a client that is known to take the modern era, but for a change. */
function passes({ request = (one) => one, outcome = OUTCOME } = {}) {
  const modern = { method: 'POST', path: '/mcp', version: '2026-07-28', meta: '2026-07-28', status: 200, resultType: 'complete', owner: 0, node: 0, goesOn: false };
  const requests = [
    { ...modern, rpc: 'server/discover' },
    { ...modern, rpc: 'tools/list' },
    { ...modern, rpc: 'tools/call', tool: 'test_simple_text' },
    { ...modern, rpc: 'tools/call', tool: 'test_tool_with_progress' },
    { ...modern, rpc: 'tools/call', tool: BLOCKING, resultType: 'input_required' },
    { ...modern, rpc: 'tools/call', tool: BLOCKING, resultType: 'input_required', goesOn: true, node: 1 },
    { ...modern, rpc: 'tools/call', tool: BLOCKING, goesOn: true, node: 1 },
  ].map(request);
  const failed = [];
  judgeEras(ERAS.find(({ name }) => name === 'typescript-2-auto'), outcome, requests, (passed, text) => passed || failed.push(text));
  return failed.length === 0;
}

test('is content with a client that does all', () => {
  assert.ok(passes());
});

test('sees that a client takes the other era', () => {
  assert.ok(!passes({ request: (one) => ({ ...one, version: '2025-11-25', meta: undefined, session: 's', resultType: undefined }) }));
});

test('sees that a client mixes the eras', () => {
  assert.ok(!passes({ request: (one) => (one.rpc === 'tools/list') ? { ...one, session: 's' } : one }));
});

test('sees that a server answers as in another era', () => {
  assert.ok(!passes({ request: (one) => (one.rpc === 'tools/list') ? { ...one, resultType: undefined } : one }));
});

test('sees that a client answers where the tool runs', () => {
  assert.ok(!passes({ request: (one) => ({ ...one, node: 0 }) }));
});

test('sees that a client is refused', () => {
  assert.ok(!passes({ request: (one) => (one.rpc === 'server/discover') ? { ...one, status: 400 } : one }));
});

test('sees that a client was asked once', () => {
  assert.ok(!passes({ outcome: { ...OUTCOME, calls: OUTCOME.calls.map((call) => ({ ...call, questions: call.questions && 1 })) } }));
});

test('sends each request to another server, and answers away from that of the tool', async () => {
  const servers = await Promise.all(['a', 'b'].map(async (name) => {
    const server = http.createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`{"jsonrpc":"2.0","id":1,"result":{"resultType":"${name}"}}`);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }));
  const balancer = await new RoundRobin(servers.map((server) => ({ url: `http://127.0.0.1:${server.address().port}/mcp` }))).open();
  const post = (method, params, id = 1) => fetch(balancer.url, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id, method, params }) })
    .then((response) => response.json());

  await post('tools/list', {});
  await post('tools/call', { name: 't' });
  await post('tools/call', { name: 't', requestState: 's' });
  await post('tools/call', { name: 't', requestState: 's' });
  await post(undefined, undefined);

  assert.deepEqual(balancer.requests.map(({ resultType }) => resultType), ['a', 'b', 'a', 'a', 'a']);
  assert.deepEqual(balancer.requests.map(({ owner }) => owner), [0, 1, 1, 1, 1]);
  await balancer.close();
  servers.forEach((server) => server.close());
  servers.forEach((server) => server.closeAllConnections());
});
