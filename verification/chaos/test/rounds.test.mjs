import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { Call } from '../../cluster/rounds.mjs';

/** What a server answers to the first, second and third request of call 7. */
const ROUNDS = [asks('step1'), asks('step2'), { result: { resultType: 'complete', content: [{ text: 'name-7 likes color-7' }] } }];

const GONE = { error: { code: -32603, message: 'The instance that ran this call has gone; the outcome of the call is unknown' } };

function asks(key) {
  return { result: { resultType: 'input_required', inputRequests: { [key]: {} }, requestState: key } };
}

/** What is wrong with a call whose server answers as given, in the order of rounds; a server may have been killed. */
async function problem(rounds, killed) {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { requestState } = JSON.parse(body).params;
      const answer = rounds[['step1', 'step2'].indexOf(requestState) + 1];
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 7, ...((typeof answer === 'function') ? answer() : answer) }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const node = { name: 'node1', url: `http://127.0.0.1:${server.address().port}/mcp`, process: 'first' };
  const call = new Call(7, { nodes: [node], seed: 1, isOver: () => false });
  await call.park(node);
  await call.answerAll();
  server.close();
  server.closeAllConnections();
  return call.problem(killed);
}

test('is content with the own result', async () => {
  assert.equal(await problem(ROUNDS), undefined);
});

test('is content with the error that the server of the tool has gone', async () => {
  assert.equal(await problem([ROUNDS[0], GONE], { process: 'first', at: Date.now() }), undefined);
});

test('sees that a call is lost whose server lives', async () => {
  assert.match(await problem([ROUNDS[0], GONE], { process: 'another', at: Date.now() }), /has gone/);
});

test('sees that a call ends long after its server was killed', async () => {
  assert.match(await problem([ROUNDS[0], GONE], { process: 'first', at: Date.now() - 40_000 }), /after its server was killed/);
});

test('sees that a call was cancelled', async () => {
  const unknown = { error: { code: -32602, message: 'Invalid params: requestState is unknown, or has expired' } };
  assert.match(await problem([ROUNDS[0], ROUNDS[1], unknown]), /expired/);
});

test('sees the result of another call', async () => {
  assert.match(await problem([ROUNDS[0], { result: { resultType: 'complete', content: [{ text: 'name-8 likes color-8' }] } }]), /name-8/);
});

test('sees that something is asked twice', async () => {
  let times = 0;
  assert.match(await problem([ROUNDS[0], () => (times++ === 0) ? ROUNDS[0] : ROUNDS[1], ROUNDS[2]]), /was asked step1,step1/);
});
