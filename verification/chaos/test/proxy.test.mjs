import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { ChaosProxy, drawPlan } from '../proxy.mjs';
import { random } from '../random.mjs';

/** A server that answers anything with these chunks, and what a client gets through the proxy. */
async function exchange(t, plan, { chunks = ['0123456789'], calm = false, send = 'hello' } = {}) {
  const accepted = [];
  const server = net.createServer((socket) => {
    const seen = { socket, text: '', closed: false };
    accepted.push(seen);
    socket.on('error', () => undefined).on('close', () => {
      seen.closed = true;
    });
    socket.on('data', async (data) => {
      seen.text += data;
      let sent = 0;
      for (const chunk of chunks) {
        socket.write(chunk);
        sent += chunk.length;
        // Each by itself: the next one once the client has this one, or has gone
        while (result.text.length < sent && !client.destroyed) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await new ChaosProxy({ port: server.address().port, plan: () => plan }).listen();
  t.after(async () => {
    await proxy.close();
    accepted.forEach(({ socket }) => socket.destroy());
    server.close();
  });
  const client = net.connect(calm ? proxy.calmPort : proxy.cutPort, '127.0.0.1');
  const result = { text: '', error: undefined, closed: false, accepted, proxy, client };
  client.on('data', (data) => {
    result.text += data;
  });
  client.on('error', (error) => {
    result.error = error.code;
  });
  result.close = new Promise((resolve) => client.on('close', resolve));
  client.write(send);
  return result;
}

test('forwards everything without a cut', async (t) => {
  const seen = await exchange(t, { kind: 'none' }, { chunks: ['abc', 'def'] });
  while (seen.text.length < 6) {
    await once(seen.client, 'data');
  }
  assert.equal(seen.text, 'abcdef');
  assert.equal(seen.accepted[0].text, 'hello');
  assert.equal(seen.proxy.cuts, 0);
});

test('closes in order after the byte that the plan names', async (t) => {
  const seen = await exchange(t, { kind: 'close', at: 4, border: 'none' });
  await seen.close;
  assert.equal(seen.text, '0123');
  assert.equal(seen.error, undefined);
  assert.equal(seen.proxy.stats.close, 1);
});

test('resets in the middle of a later chunk', async (t) => {
  const seen = await exchange(t, { kind: 'reset', at: 5, border: 'none' }, { chunks: ['abc', 'def'] });
  await seen.close;
  assert.ok('abcde'.startsWith(seen.text));
  assert.equal(seen.error, 'ECONNRESET');
  assert.equal(seen.proxy.stats.reset, 1);
});

test('cuts at the borders of a chunk', async (t) => {
  const before = await exchange(t, { kind: 'close', at: 5, border: 'before' }, { chunks: ['abc', 'def'] });
  const after = await exchange(t, { kind: 'close', at: 5, border: 'after' }, { chunks: ['abc', 'def'] });
  await Promise.all([before.close, after.close]);
  assert.equal(before.text, 'abc');
  assert.equal(after.text, 'abcdef');
});

test('leaves the side of the server open when it stalls', async (t) => {
  const seen = await exchange(t, { kind: 'stall', at: 2, border: 'none', clientStall: 50, serverStall: 2000 });
  await seen.close;
  assert.equal(seen.accepted[0].closed, false);
  await once(seen.accepted[0].socket, 'close');
  assert.equal(seen.text, '01');
});

test('cuts a request in its middle', async (t) => {
  const seen = await exchange(t, { kind: 'request', at: 3 });
  await seen.close;
  assert.equal(seen.text, '');
  assert.ok('hel'.startsWith(seen.accepted[0]?.text ?? ''));
  assert.equal(seen.proxy.stats.request, 1);
});

test('never cuts through the calm port', async (t) => {
  const seen = await exchange(t, { kind: 'close', at: 1, border: 'none' }, { calm: true });
  await once(seen.client, 'data');
  assert.equal(seen.text, '0123456789');
  assert.equal(seen.proxy.cuts, 0);
});

test('draws the same plans from the same seed, of every kind', () => {
  const plans = (seed) => Array.from({ length: 300 }, (_, number) => drawPlan(random(seed, 'connection', number)));
  assert.deepEqual(plans(1), plans(1));
  assert.notDeepEqual(plans(1), plans(2));
  assert.deepEqual([...new Set(plans(1).map(({ kind }) => kind))].sort(), ['close', 'none', 'request', 'reset', 'stall']);
});
