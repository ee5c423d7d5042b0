import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import test from 'node:test';
import { judge } from '../judge.mjs';
import { FORMS, PLACES, Stage } from '../stage.mjs';

const EVENTS = ['id: 1\ndata:\n\n', ...['a', 'b', 'c'].map((text, number) => `id: ${number + 2}\ndata: {"jsonrpc":"2.0","method":"${text}"}\n\n`),
  'id: 5\ndata: {"jsonrpc":"2.0","id":1,"result":{"content":[{"text":"done"}]}}\n\n'];

/** A server that answers a call with EVENTS, one by one, and a resume with those that follow. */
async function serve() {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const rest = EVENTS.slice(Number(request.headers['last-event-id'] ?? 0));
    const timer = setInterval(() => {
      response.write(rest.shift());
      if (rest.length === 0) {
        clearInterval(timer);
        response.end();
      }
    }, 10);
    response.on('close', () => clearInterval(timer));
    request.resume();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Call a tool, and return what came, how it ended, and what the stage noted. */
async function call(plan) {
  const server = await serve();
  const url = `http://127.0.0.1:${server.address().port}/mcp`;
  const stage = await new Stage([{ url }, { url }], plan).open();
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count"}}';
  const seen = { text: '', end: 'open' };
  const socket = net.connect(Number(new URL(stage.url).port), '127.0.0.1');
  socket.write(`POST /mcp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  socket.on('data', (chunk) => {
    seen.text += chunk;
  });
  socket.on('error', (error) => {
    seen.end = error.code;
  });
  socket.on('end', () => {
    seen.end = seen.text.endsWith('0\r\n\r\n') ? 'clean' : 'FIN';
  });
  await new Promise((resolve) => socket.on('close', resolve));
  await stage.settle();
  await stage.close();
  server.closeAllConnections();
  server.close();
  return { ...seen, stage };
}

test('leaves alone what is not to be cut', async () => {
  const { text, end, stage } = await call({});
  assert.equal(end, 'clean');
  assert.ok(text.includes('"result"'));
  assert.equal(stage.cut, false);
});

for (const form of Object.keys(FORMS)) {
  for (const [place, last] of Object.entries({ early: 1, middle: 3, inside: 3, late: 4 })) {
    test(`ends by ${FORMS[form]} ${PLACES[place]}, and gets the rest itself`, async () => {
      const { text, end, stage } = await call({ cut: { form, place }, tool: 'count', witness: true });
      assert.equal(end, { reset: 'ECONNRESET', fin: 'FIN', clean: 'clean' }[form]);
      assert.equal(text.match(/^id: \d/gm).length, (place === 'inside') ? last + 1 : last);
      assert.equal(text.includes('"result"'), false);
      assert.equal(stage.witnessed, 'done');
      assert.equal(stage.requests[0].cut, form);
    });
  }
}

test('puts lines in front of an answer', async () => {
  const { text } = await call({ lines: 'retry: 1000\n' });
  assert.match(text, /retry: 1000\n[\s\S]*id: 1\n/);
});

test('tells a client that does less than it can, and one that does more, from one that does what it can', async () => {
  const can = {
    progress: true, elicitation: false, resumes: { reset: ['middle'], fin: [], clean: [] }, listening: {}, deletes: false,
    fails: [], refused: [], userAgent: /^test$/,
  };
  const whole = {
    kind: 'whole', stage: { requests: [{ method: 'POST', path: '/mcp', rpc: 'initialize', userAgent: 'test', status: 200 }] },
    outcome: {
      tools: ['add', 'count', 'greet', 'sleep'], calls: [{ tool: 'add', text: '3' },
        { tool: 'count', text: 'counted 6', progress: [1, 2, 3, 4, 5, 6] }, { tool: 'greet', text: 'Hello, whoever you are', questions: 0 }],
    },
  };
  const cut = (form, outcome, ...resumes) => ({
    kind: 'cut', form, place: 'middle', outcome: { calls: [outcome] },
    stage: { witnessed: 'counted 6', requests: [{ path: '/mcp', session: 's', userAgent: 'test', cut: form, node: 0, status: 200 }, ...resumes] },
  });
  const resume = (node) => ({ path: '/mcp', session: 's', userAgent: 'test', of: 'count', node, status: 200 });
  const complete = { text: 'counted 6', progress: [1, 2, 3, 4, 5, 6] };
  const failures = (...scenarios) => {
    const failed = [];
    judge({ can }, scenarios, (passed, text) => passed || failed.push(text));
    return failed.length;
  };

  assert.equal(failures(whole, cut('reset', complete, resume(1)), cut('fin', {})), 0);
  assert.equal(failures(whole, cut('reset', complete, resume(0))), 1, 'resumed on the same instance');
  assert.equal(failures(whole, cut('reset', { text: 'counted 6', progress: [1, 2, 3, 4, 6] }, resume(1))), 1, 'lost a message');
  assert.equal(failures(whole, cut('reset', { text: 'counted 6', progress: [1, 2, 3, 3, 4, 5, 6] }, resume(1))), 1, 'got a message twice');
  assert.equal(failures(whole, cut('fin', complete, resume(1))), 1, 'does more than the table says');
  assert.equal(failures({ ...whole, outcome: undefined }), 5, 'did nothing');
});
