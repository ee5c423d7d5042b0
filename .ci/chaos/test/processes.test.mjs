import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { freePort, inspectConnections, inspectRedis, Processes, waitForPort } from '../processes.mjs';

test('counts the accepted connections of a port until they are closed', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  assert.equal(inspectConnections(port, process.pid).accepted, 0);
  const client = net.connect(port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  assert.equal(inspectConnections(port, process.pid).accepted, 1);
  accepted.destroy();
  client.destroy();
  await once(client, 'close');
  assert.equal(inspectConnections(port, process.pid).accepted, 0);
  server.close();
});

test('counts the keys of a Redis and those of them that expire', async () => {
  const processes = new Processes();
  try {
    const port = await freePort();
    await waitForPort(port, processes.start('redis', 'redis-server', ['--port', String(port), '--save', '']));
    assert.deepEqual(await inspectRedis(port), { keys: 0, expiring: 0 });
    const socket = net.connect(port, '127.0.0.1');
    socket.resume().end('SET a 1\r\nSET b 1 EX 60\r\nQUIT\r\n');
    await once(socket, 'close');
    assert.deepEqual(await inspectRedis(port), { keys: 2, expiring: 1 });
  }
  finally {
    processes.killAll();
  }
});

test('tells why a server does not start', async () => {
  const processes = new Processes();
  try {
    const failing = processes.start('failing', process.execPath, ['-e', 'console.error("no such luck"); process.exit(1)']);
    await assert.rejects(waitForPort(await freePort(), failing, 10_000), /failing doesn't listen[\s\S]*no such luck/);
  }
  finally {
    processes.killAll();
  }
});
